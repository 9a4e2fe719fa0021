# Says what is in a wheel or an sdist: its metadata's name and version, a wheel's tags, and every member with its hash.
# Run by `xtask` with an interpreter of any version from 3.8 on; it uses nothing but what comes with Python, and writes nothing.
import email.parser
import hashlib
import json
import sys
import tarfile
import zipfile


def members(path):
    if path.endswith(".whl"):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                about = "time %s, mode %o" % ("-".join(map(str, entry.date_time)), entry.external_attr >> 16)
                yield entry.filename, archive.read(entry), about
    else:
        with tarfile.open(path) as archive:
            for entry in archive:
                about = "time %s, mode %o, owner %s:%s" % (entry.mtime, entry.mode, entry.uname or entry.uid, entry.gname or entry.gid)
                file = archive.extractfile(entry) if entry.isfile() else None
                yield entry.name, file.read() if file else entry.linkname.encode(), about


def main(path):
    found = {"names": [], "versions": [], "tags": [], "members": []}
    for name, data, about in members(path):
        found["members"].append([name, hashlib.sha256(data).hexdigest(), about])
        parts = name.split("/")
        is_metadata = len(parts) == 2 and (parts[1] == "PKG-INFO" or parts[0].endswith(".dist-info") and parts[1] == "METADATA")
        is_tags = len(parts) == 2 and parts[0].endswith(".dist-info") and parts[1] == "WHEEL"
        if is_metadata or is_tags:
            headers = email.parser.Parser().parsestr(data.decode("utf-8", "replace"), headersonly=True)
            found["names"] += headers.get_all("Name", []) if is_metadata else []
            found["versions"] += headers.get_all("Version", []) if is_metadata else []
            found["tags"] += headers.get_all("Tag", []) if is_tags else []
    json.dump(found, sys.stdout)


main(sys.argv[1])
