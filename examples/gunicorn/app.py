import os


def app(environ, start_response):
    body = f"{os.environ['GREETING']} from instance {os.environ['PROCS_INSTANCE']}\n".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
