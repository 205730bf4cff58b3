"""The software bill of materials, CycloneDX 1.6: what cyclonedx-py finds in the build environment, without the tools
that are not in the package, and with the libraries that were taken from the system."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import bundled


def write(parts: bundled.Bundled, target: Path, root: Path) -> int:
    """The number of its components. ValueError when it is not what the standard asks for."""
    # of the build environment alone
    from cyclonedx.schema import SchemaVersion  # pyright: ignore[reportMissingImports]
    from cyclonedx.validation.json import JsonStrictValidator  # pyright: ignore[reportMissingImports]

    words = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(root / "pyproject.toml")]
    words += ["--sv", "1.6", "--of", "JSON", "--short-PURLs", "--output-reproducible", "-o", "-", sys.executable]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    keep = {_plain(distribution.name) for distribution in parts.distributions}
    bill = only(found, keep)
    missing = keep - {_plain(component["name"]) for component in bill["components"]}
    if missing:
        raise ValueError(f"cyclonedx-py did not find {', '.join(sorted(missing))}")
    bill["components"].append(_component("Python", parts.python, f"pkg:generic/cpython@{parts.python}"))
    for name, version in parts.system.items():
        bill["components"].append(_component(name, version, f"pkg:deb/debian/{name}@{version}"))
    listed = [component["bom-ref"] for component in bill["components"]]
    known = {entry["ref"] for entry in bill["dependencies"]}
    bill["dependencies"] += [{"ref": ref} for ref in listed if ref not in known]
    text = json.dumps(bill, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("SOURCE_DATE_EPOCH") is None:
        bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"
        text = json.dumps(bill, indent=2, ensure_ascii=False) + "\n"
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise ValueError(f"the bill of materials is not valid CycloneDX: {error}")
    target.write_text(text, "utf-8")
    return len(bill["components"])


def only(bill: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """A bill with the components of these names alone, and what depends on what among them. Places on this machine or
    of the registry it uses are left out."""
    components = [component for component in bill.get("components", []) if _plain(component["name"]) in names]
    for component in components:
        component.pop("externalReferences", None)
    for tool in bill["metadata"].get("tools", {}).get("components", []):
        tool.pop("externalReferences", None)
    root = bill["metadata"]["component"]["bom-ref"]
    bill["metadata"]["component"].pop("externalReferences", None)
    kept = {component["bom-ref"] for component in components} | {root}
    graph = [entry for entry in bill.get("dependencies", []) if entry["ref"] in kept]
    for entry in graph:
        if "dependsOn" in entry:
            entry["dependsOn"] = [ref for ref in entry["dependsOn"] if ref in kept]
    return {**bill, "components": components, "dependencies": graph}


def _component(name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": "library", "bom-ref": f"{name}=={version}", "name": name, "version": version, "purl": purl}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
