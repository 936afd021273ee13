"""Uploads sym files as build systems do: a zip with a key for each from its MODULE line, posted as a form with an Auth-Token.

usage: upload-symbols.py URL TOKEN FILE...   prints the server's answer, fails unless it is 201
"""

import gzip
import io
import sys
import urllib.error
import urllib.request
import uuid
import zipfile


def key_of(text):
    _, _, _, debug_id, debug_file = text.split(b"\n", 1)[0].decode().strip().split(" ", 4)
    stem = debug_file[:-4] if debug_file.endswith(".pdb") else debug_file
    return f"{debug_file}/{debug_id}/{stem}.sym"


def main(url, token, *paths):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in paths:
            with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                text = file.read()
            zipped.writestr(key_of(text), text)
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="symbols.zip"; filename="symbols.zip"\r\n'
    body = (head + "Content-Type: application/zip\r\n\r\n").encode() + archive.getvalue()
    body += f"\r\n--{boundary}--\r\n".encode()
    headers = {"Auth-Token": token, "Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{url}/upload/", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            status, answer = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        status, answer = error.code, error.read().decode()
    print(answer)
    return 0 if status == 201 else f"HTTP {status}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
