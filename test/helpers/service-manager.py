# SPDX-License-Identifier: Apache-2.0
# Starts a service as systemd does with Type=notify, for tests: waits until it says that it is ready, reloads it twice, stops it. Prints what came as JSON.
# Arguments: the socket that the service tells, then the command. The service says "RELOADED=1" for each reload.
import json, os, signal, socket, subprocess, sys, threading

path = sys.argv[1]
said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
said.bind(path)
said.settimeout(60)
service = subprocess.Popen(sys.argv[2:], env={**os.environ, "NOTIFY_SOCKET": path})
words = []


def tell_end():
    service.wait()
    said.sendto(b"ENDED", path)


threading.Thread(target=tell_end, daemon=True).start()
try:
    for order in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
        words.append(said.recv(4096).decode())
        if words[-1] == "ENDED":
            break
        service.send_signal(order)
    status = service.wait(60)
except Exception as error:
    service.kill()
    status = str(error)
os.unlink(path)
print(json.dumps({"words": words, "status": status}))
