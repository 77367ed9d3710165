"""Reads the part of the Dockerfile language that ours is written in; what else stands in one is an error."""
import json
import shlex
from dataclasses import dataclass, field


@dataclass
class Step:
    """One instruction: RUN, COPY, WORKDIR, …, its arguments as one text, and its line."""
    word: str
    text: str
    line: int


@dataclass
class Stage:
    image: str
    name: str
    steps: list = field(default_factory=list)


KNOWN = {"FROM", "SHELL", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD"}


def parse(text):
    stages, joined, first = [], "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        first = first if joined else number
        joined += line.rstrip("\\") if line.endswith("\\") else line
        if line.endswith("\\") or not joined.strip():
            continue
        word, _, rest = joined.strip().partition(" ")
        joined = ""
        if word not in KNOWN:
            raise ValueError(f"line {first}: {word} is not understood")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            stages.append(Stage(image.strip(), name.strip()))
        else:
            stages[-1].steps.append(Step(word, rest.strip(), first))
    return stages


def exec_form(text):
    """["a", "b"] of CMD, ENTRYPOINT, SHELL."""
    return json.loads(text)


def copy_form(text):
    """(stage or None, sources, target) of COPY."""
    words = shlex.split(text)
    source = None
    while words[0].startswith("--"):
        name, _, value = words.pop(0)[2:].partition("=")
        if name != "from":
            raise ValueError(f"COPY --{name} is not understood")
        source = value
    return source, words[:-1], words[-1]


def env_form(text):
    return dict(word.split("=", 1) for word in shlex.split(text))


def healthcheck_command(text):
    return exec_form(text[text.index("CMD") + len("CMD"):])
