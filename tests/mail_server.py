"""A mail server of a few lines on a real socket, which can be told how to behave, and what it took."""

import socketserver
import threading
from types import TracebackType


class MailServer(socketserver.ThreadingTCPServer):
    """`says` maps a moment (CALL, MAIL, RCPT, DATA, END of the mail) to the answer it gets instead of the usual.

    An empty answer is none at all: the server stays silent until the test is over.
    """

    allow_reuse_address = daemon_threads = True
    USUAL = {"CALL": "220 ready", "EHLO": "250 hello", "DATA": "354 go on", "QUIT": "221 bye"}

    def __init__(self, **says: str) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.says = {**self.USUAL, **says}
        self.mails: list[str] = []
        self.heard = {command: threading.Event() for command in ("CALL", "MAIL", "RCPT", "DATA", "END")}
        self.over = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        if not self._answer("CALL"):
            return
        while line := self.rfile.readline().decode():
            command = line[:4].strip().upper()
            if not self._answer(command) or command == "QUIT":
                return
            if command == "DATA" and self.server.says["DATA"].startswith("354"):
                body = "".join(iter(lambda: self.rfile.readline().decode(), ".\r\n"))
                self.server.mails += [] if self.server.says.get("END", "")[:1] in ("4", "5") else [body]
                if not self._answer("END"):
                    return

    def _answer(self, command: str) -> bool:
        """Say what is to be said to `command`. Returns False where that is nothing."""
        if command in self.server.heard:
            self.server.heard[command].set()
        answer = self.server.says.get(command, "250 fine")
        if not answer:
            self.server.over.wait()
            return False
        self._say(answer)
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
