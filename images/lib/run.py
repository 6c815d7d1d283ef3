# SPDX-License-Identifier: Apache-2.0
"""Running programs: always an argument vector, and an error that shows what the program said."""

import subprocess


class BuildError(Exception):
    """The build cannot go on; the text tells the person why and what to do."""


def run(argv: list, *, env: dict | None = None, stdin: str | None = None, cwd=None) -> str:
    """Runs a program to its end and returns its standard output."""
    argv = [str(part) for part in argv]
    try:
        result = subprocess.run(argv, env=env, input=stdin, cwd=cwd, text=True,
                                capture_output=True, check=False)
    except FileNotFoundError:
        raise BuildError(f"{argv[0]} is not installed (packages/run.txt lists what a build needs)") from None
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).strip().splitlines()[-15:])
        raise BuildError(f"{argv[0]} ended with status {result.returncode}: {' '.join(argv)}\n{said}")
    return result.stdout
