#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""busybox_image.py REFERENCE ARCHIVE - writes an image with busybox only, which sleeps unless a pod
says otherwise: the sandbox of every pod, and a shell for tests. A docker archive, as containerd and
others import it."""
import hashlib
import io
import json
import shutil
import sys
import tarfile

APPLETS = ("cat", "dd", "echo", "env", "false", "id", "kill", "ls", "nslookup", "sh", "sleep", "tail",
           "true", "wget")


def add(archive, name, data=None, **more):
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755
    for key, value in more.items():
        setattr(entry, key, value)
    entry.size = len(data or b"")
    archive.addfile(entry, io.BytesIO(data or b""))


def layer():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive, open(shutil.which("busybox"), "rb") as program:
        add(archive, "bin", type=tarfile.DIRTYPE)
        add(archive, "tmp", type=tarfile.DIRTYPE, mode=0o1777)
        add(archive, "bin/busybox", program.read())
        for applet in APPLETS:
            add(archive, f"bin/{applet}", type=tarfile.SYMTYPE, linkname="busybox")
    return out.getvalue()


def main(reference, path):
    files = layer()
    digest = hashlib.sha256(files).hexdigest()
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Entrypoint": ["/bin/sleep", "2147483647"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        add(archive, name, config)
        add(archive, "layer.tar", files)
        add(archive, "manifest.json", json.dumps(manifest).encode())


main(*sys.argv[1:])
