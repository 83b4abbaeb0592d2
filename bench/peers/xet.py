"""Put SOURCE into a local Xet store, or get what was put last to TARGET: `xet.py put|get STORE PATH`."""
# pyright: basic, reportMissingImports=false

import json
import sys
from pathlib import Path

import hf_xet

verb, store, path = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
listing = store.parent / "listing.json"
endpoint = f"local://{store}"
if verb == "put":
    files = sorted(str(file) for file in path.rglob("*") if file.is_file()) if path.is_dir() else [str(path)]
    infos = hf_xet.upload_files(files, endpoint, None, None, None, "dataset")
    root = path if path.is_dir() else path.parent
    entries = [
        (str(Path(file).relative_to(root)), info.hash, info.file_size) for file, info in zip(files, infos, strict=True)
    ]
    listing.write_text(json.dumps(entries))
else:
    wanted = [(path / name, digest, size) for name, digest, size in json.loads(listing.read_text())]
    for folder in {file.parent for file, _, _ in wanted}:
        folder.mkdir(parents=True, exist_ok=True)
    infos = [hf_xet.PyXetDownloadInfo(str(file), digest, size) for file, digest, size in wanted]
    hf_xet.download_files(infos, endpoint, None, None, None)
