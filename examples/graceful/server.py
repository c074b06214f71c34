import http.server, signal, socket, threading, time

class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(1 if self.path == "/slow" else 0)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from python\n")

server = http.server.ThreadingHTTPServer(("", 0), Hello, bind_and_activate=False)
server.socket = socket.socket(fileno=3)  # LISTEN_FDS says how many there are, from 3 on
server.socket.setblocking(False)         # another instance may have been faster
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()                   # until shutdown: nothing more is accepted
server.server_close()                    # waits for the answers that were begun
