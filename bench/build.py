# SPDX-License-Identifier: Apache-2.0
"""Is what is measured what is shipped?  Reads the flags of the build folder."""
import json
import os

NEEDED = ["-O2", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"]
FOREIGN = ["-march=native", "-fsanitize", "-DRHIZ_TEST_DELAY", "-DRHIZ_ARENA_MALLOC"]


def flags(build):
    """The flags that matter, in one line."""
    commands = json.loads((build / "compile_commands.json").read_text())
    words = next(entry["command"] for entry in commands if entry["file"].endswith("rhizd.c")).split()
    options = {o["name"]: o["value"] for o in json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())}
    kept = [word for word in words if word.startswith(("-O", "-march", "-fsan", "-fstack", "-D_FORT", "-DRHIZ_T", "-DRHIZ_A", "-flto"))]
    forced = [f"RHIZ_CPU={os.environ['RHIZ_CPU']}"] if os.environ.get("RHIZ_CPU") else []
    return " ".join([words[0], *kept] + (["-pie"] if options.get("b_pie") else []) + forced)


def complaints(build):
    """What of the flags is not as shipped."""
    have = flags(build).split()
    wrong = [f"without {flag}" for flag in NEEDED + ["-pie"] if flag not in have]
    return wrong + [f"with {word}" for word in have if word.startswith(tuple(FOREIGN))]
