"""A mail server that keeps what it is given: how often each mail came is the proof that none came twice."""

import email
import socketserver
import threading
import time

HOLD = 0.4  # seconds between a mail's end and the answer: time to be killed in


class _Talk(socketserver.StreamRequestHandler):
    server: "Sink"

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline().strip().upper():
            word = line.split()[0]
            if word == b"DATA":
                self._say("354 go on")
                self._take()
                self._say("250 taken")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if line:
            self.server.ids.append(email.message_from_bytes(b"".join(lines))["Message-ID"].strip())
            time.sleep(HOLD)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Sink(socketserver.ThreadingTCPServer):
    """Listens on a free port until the process ends."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.ids: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])
