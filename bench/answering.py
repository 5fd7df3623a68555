"""A service that answers every chat with the same words after the same while: `python -m bench.answering PORT`."""

import json
import socket
import sys
import time

THINKS = 0.02  # seconds
SUMMARY = "겨울 골목에 첫눈이 내린 아침, 발자국 하나를 따라가며 지난 편지를 떠올린다."


def serve(port: int) -> None:
    """Answer questions on one connection after another; print, at the end of each, how many and the seconds taken."""
    choice = {"index": 0, "message": {"role": "assistant", "content": SUMMARY}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 420, "completion_tokens": 31, "total_tokens": 451}
    told = {"id": "chatcmpl-bench", "object": "chat.completion", "created": 1, "model": "bench"}
    body = json.dumps({**told, "choices": [choice], "usage": usage}, ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_server(("127.0.0.1", port)) as listener:
        print("listening", flush=True)
        while True:
            caller, _address = listener.accept()
            with caller:
                print(json.dumps(_answer(caller, head.encode() + body)), flush=True)


def _answer(caller: socket.socket, answer: bytes) -> dict[str, float]:
    caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    count, seconds = 0, 0.0
    while _question(caller):
        began = time.perf_counter()
        time.sleep(THINKS)
        caller.sendall(answer)
        count, seconds = count + 1, seconds + time.perf_counter() - began
    return {"count": count, "seconds": seconds}


def _question(caller: socket.socket) -> bool:
    """Read one request to its last byte; False where the caller has left."""
    read = b""
    while b"\r\n\r\n" not in read:
        if not (more := caller.recv(65536)):
            return False
        read += more
    head, _break, body = read.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += caller.recv(65536)
    return True


if __name__ == "__main__":
    serve(int(sys.argv[1]))
