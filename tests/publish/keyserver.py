"""A keyserver on loopback for the tests: onak's CGI programs, or one that misbehaves.

keyserver.py onak FOLDER       onak, its configuration and keys in FOLDER
keyserver.py slow              takes the question and never answers
keyserver.py huge              100 MB where a key was asked for
keyserver.py answers FILE      the same file to every question, whatever is asked or sent

Prints the port that it listens on, then serves until its input ends.
"""

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROGRAMS = "/usr/lib/cgi-bin/pks/"
MODE = sys.argv[1]

if MODE == "onak":
    FOLDER = Path(sys.argv[2])
    (FOLDER / "keys").mkdir()
    # Debian's are setuid to a user that can't write here; copies aren't.
    for program in ["add", "lookup"]:
        shutil.copyfile(PROGRAMS + program, FOLDER / program)
        (FOLDER / program).chmod(0o755)
    (FOLDER / "onak.ini").write_text(
        "[main]\nbackend=here\n"
        "backends_dir=" + next(str(p) for p in Path("/usr/lib").glob("*/onak/backends")) + "\n"
        f"logfile={FOLDER}/log\nloglevel=3\nuse_keyd=false\nsock_dir={FOLDER}\nmax_reply_keys=64\n"
        "[verification]\ncheck_sighash=true\ndrop_v3=true\n"
        f"[backend:here]\ntype=file\nlocation={FOLDER}/keys\n"
    )


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body, kind="application/pgp-keys"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cgi(self, data):
        path, _, query = self.path.partition("?")
        program = {"/pks/add": "add", "/pks/lookup": "lookup"}.get(path)
        if program is None:
            return self.answer(404, b"not here\n", "text/plain")
        environment = {
            "XDG_CONFIG_HOME": str(FOLDER),
            "REQUEST_METHOD": self.command,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(data)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "PATH": os.environ["PATH"],
        }
        ran = subprocess.run([FOLDER / program], input=data, env=environment, capture_output=True)
        head, _, body = ran.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")
        status, kind = 200, "text/html"
        for line in head.decode("latin-1").splitlines():
            name, _, value = line.partition(":")
            if name.lower() == "status":
                status = int(value.split()[0])
            if name.lower() == "content-type":
                kind = value.strip()
        self.answer(status, body, kind)

    def handle_one(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if MODE == "onak":
            self.cgi(data)
        elif MODE == "slow":
            threading.Event().wait()
        elif self.command == "POST":
            self.answer(200, b"stored\n", "text/plain")
        elif MODE == "huge":
            self.answer(200, b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + b"A" * 100_000_000)
        else:
            self.answer(200, Path(sys.argv[2]).read_bytes())

    do_GET = do_POST = handle_one

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
