import socket
import sys

server = socket.socket(fileno=0)  # the listening socket is the standard input
server.settimeout(2)
served = 0
while True:
    try:
        connection, _ = server.accept()
    except TimeoutError:
        sys.exit(0)  # nobody for two seconds: procs listens on, and starts it again
    served += 1
    connection.sendall(b"%d since I was started\n" % served)
    connection.close()
