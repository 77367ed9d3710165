#!/usr/bin/env python3
"""The repository's own rules, so that a review need not look for them. Usage: tidy.py [ROOT]; exits 1 on a finding.

Each rule is a generator of findings over a Tree; tidy_test.py shows for each one that it fires.
"""
import re
import subprocess
import sys
from pathlib import Path

# Who may include whom among the folders of src/: stages of one row never include one another.
ROWS = [["base"], ["market", "cloud"], ["yahoo", "topic", "medallion", "lake", "bigquery"], ["listen", "engine", "query", "spark"], ["web"],
        ["cli"]]
RANK = {stage: rank for rank, row in enumerate(ROWS) for stage in row}

# Third-party headers and the stages whose files may see them, directly or through a header of ours.
ARROW = {"medallion", "lake", "bigquery", "engine", "query", "spark", "web", "cli"}
VENDORS = {
    r"boost/": {"yahoo", "web"},
    r"prometheus/": {"web"},
    r"openssl/": {"yahoo", "cloud"},
    r"sqlite3\.h": {"topic"},
    r"simdjson\.h": {"cloud", "yahoo", "medallion", "lake", "bigquery", "spark"},
    r"xxhash\.h": {"medallion", "topic"},
    r"duckdb\.h": {"query"},
    r"CLI/": {"cli"},
    r"toml\+\+/": {"cli"},
    r"(histedit\.h|editline/)": {"cli"},
    r"rdkafka": {"topic"},
    r"curl/": {"cloud"},
    r"(grpc|google/protobuf)": {"spark", "bigquery"},
    r"spark/connect/": {"spark"},
    r"google/": {"bigquery"},
    r"parquet/": {"lake"},
    r"arrow/(status|result)\.h": set(RANK),
    r"arrow/": ARROW,
}

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
# Bounded polls of what cannot be waited for: SQLite's file lock, another thread's or process's progress in a test;
# and the pace of a simulation's disturbances.
SLEEPERS = r"^src/topic/local_schema\.cc$|_testing\.(h|cc)$|^test/(eventually\.h|simulation/|threads/|.*process)"
# getaddrinfo cannot be interrupted: its thread is left behind.
DETACHERS = r"^src/yahoo/resolve\.cc$"
PROGRAMS = r"^src/cli/|^bench/|^fuzz/replay\.cc$|^test/foreign/"
# What no source may call, why, and where it is allowed all the same.
BANNED = [
    (r"\bstd::(cout|cerr|clog)\b", "only cli prints; log with spdlog", PROGRAMS),
    (r"\b(v?f?printf|puts|sprintf|v?snprintf)\s*\(", "use fmt", r"^$"),
    (r"\bfmt::print\s*\(", "only cli prints; log with spdlog", PROGRAMS),
    (r"\b(strcpy|strcat|gets|strtok|atoi|atof)\s*\(", "unbounded or unchecked", r"^$"),
    (r"\b(std::rand|srand)\b|(?<![\w:.>])rand\s*\(", "use <random> with a seed", r"^$"),
    (r"\b(secure_)?getenv\s*\(", "only cli reads the environment", r"^src/cli/|_test(ing)?\.cc$"),
    (r"\bsleep_(for|until)\s*\(|(?<![\w.>])u?sleep\s*\(", "wait on a condition with a time-out instead", SLEEPERS),
    (r"\bassert\s*\(", "return a Status, or DCHECK", r"^$"),
    (r"\busing namespace std\s*;", "name what is used", r"^$"),
    (r"\.detach\s*\(\)", "join every thread", DETACHERS),
]
UNFINISHED = r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b"
# Absolute paths of some developer's machine, and hosts of registries and mirrors.
MACHINE_PATH = r"(?<![\w.$}/-])/(work|root|home|Users|farm|mnt)/[\w.]"
REGISTRY = (r"\b(pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|proxy\.golang\.org|sum\.golang\.org|crates\.io"
            r"|repo1?\.maven\.(apache\.)?org|deb\.debian\.org|deb\.nodesource\.com)\b")


class Tree:
    """The files under version control: path relative to the root -> text. A binary file has no text."""

    def __init__(self, files):
        self.files = files

    @classmethod
    def read(cls, root):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True).stdout
        files = {}
        for name in filter(None, listed.decode().split("\0")):
            path = Path(root, name)
            if not path.is_file():
                continue  # deleted and not yet committed
            data = path.read_bytes()
            files[name] = "" if b"\0" in data[:4096] else data.decode("utf-8", "replace")
        return cls(files)

    def named(self, pattern):
        return {name: text for name, text in sorted(self.files.items()) if re.search(pattern, name)}

    @property
    def cpp(self):
        return self.named(r"\.(h|cc)$")


def without_comments_and_strings(text):
    """C++ with comments and literals blanked; lines stay where they are."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])\'', re.S)
    return token.sub(lambda m: '""' + "\n" * m.group().count("\n"), text)


def lines_matching(pattern, text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(pattern, line):
            yield number, line.strip()


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1), found.group(2)


def stage_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def rule_stage_order(tree):
    for path, text in tree.cpp.items():
        here = stage_of(path)
        if here is None:
            continue
        if here not in RANK:
            yield f"{path}:1: folder src/{here} has no place in the order of stages"
            continue
        for number, quote, header in includes(text):
            there = stage_of("src/" + header)
            if quote == '"' and there is None:
                yield f"{path}:{number}: include \"{header}\" by its path from src/"
            if quote == '"' and there in RANK and there != here and RANK[there] >= RANK[here]:
                yield f"{path}:{number}: {here} may not include {there}"


def rule_vendor_headers(tree):
    """A third-party header must not reach a file of a stage that does not own it, through our headers either."""
    def reached(path, seen):
        for number, quote, header in includes(tree.files.get(path, "")):
            if quote == "<":
                yield number, header
            elif (inner := "src/" + header) not in seen:
                seen.add(inner)
                for _, vendor in reached(inner, seen):
                    yield number, vendor

    for path in tree.cpp:
        stage = stage_of(path)
        if stage is None:
            continue
        for number, header in reached(path, {path}):
            for pattern, owners in VENDORS.items():
                if re.match(pattern, header):
                    if stage not in owners:
                        yield f"{path}:{number}: {stage} must not see <{header}>"
                    break


def rule_pragma_once(tree):
    for path, text in tree.cpp.items():
        if path.endswith(".h") and not text.startswith("#pragma once"):
            yield f"{path}:1: a header starts with #pragma once"


def rule_file_length(tree):
    for path, text in tree.named(r"\.(h|cc|py|sh|cmake)$").items():
        if (lines := text.count("\n")) > MAX_FILE_LINES:
            yield f"{path}:{MAX_FILE_LINES}: {lines} lines, at most {MAX_FILE_LINES}: split it by what it does"


def functions(code):
    """(first line, last line) of each body at namespace or class level: a brace whose head has parentheses."""
    code = re.sub(r"^[ \t]*#.*(?:(?<=\\)\n.*)*", lambda m: "\n" * m.group().count("\n"), code, flags=re.M)  # no directives
    depth, line, head, start = 0, 1, "", None
    for token in re.findall(r"\n|[{};]|[^\n{};]+", code):
        if token == "\n":
            line += 1
        elif token == "{":
            is_scope = re.match(r"\s*(template\s*<.*>\s*)?(namespace|class|struct|enum|union)\b", head, re.S)
            if start is None and "(" in head and not is_scope:
                start, outside = line, depth
            depth += 1
            head = ""
        elif token == "}":
            depth -= 1
            if start is not None and depth == outside:
                yield start, line
                start = None
            head = ""
        else:
            head = "" if token == ";" else head + token


def rule_function_length(tree):
    for path, text in tree.cpp.items():
        for first, last in functions(without_comments_and_strings(text)):
            if last - first + 1 > MAX_FUNCTION_LINES:
                yield f"{path}:{first}: function of {last - first + 1} lines, at most {MAX_FUNCTION_LINES}"


def rule_banned_calls(tree):
    for path, text in tree.cpp.items():
        code, lines = without_comments_and_strings(text), text.splitlines()
        for pattern, why, allowed in BANNED:
            if re.search(allowed, path):
                continue
            for number, _ in lines_matching(pattern, code):
                yield f"{path}:{number}: {lines[number - 1].strip()}: {why}"


def rule_unfinished(tree):
    for path, text in tree.files.items():
        for number, line in lines_matching(UNFINISHED, text):
            yield f"{path}:{number}: unfinished: {line}"


def rule_machine_paths(tree):
    for path, text in tree.files.items():
        for pattern, what in ((MACHINE_PATH, "a machine's path"), (REGISTRY, "a registry's host")):
            for number, line in lines_matching(pattern, text):
                yield f"{path}:{number}: {what}: {line[:100]}"


def rule_adr_index(tree):
    index = tree.files.get("docs/adr/README.md", "")
    for path in tree.named(r"^docs/adr/\d{4}-.*\.md$"):
        if path.rsplit("/", 1)[1] not in index:
            yield f"{path}:1: not listed in docs/adr/README.md"


def headings(text):
    return [mark for mark in re.findall(r"^(#+) ", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), flags=re.M)]


def rule_translated_readme(tree):
    english, portuguese = (headings(tree.files.get(name, "")) for name in ("README.md", "README.pt-BR.md"))
    if english != portuguese:
        yield f"README.pt-BR.md:1: {len(portuguese)} headings, README.md has {len(english)}, or their levels differ"


def bench_figures(text):
    """The digits of each row of the first table of speeds: languages differ in points, commas and words."""
    table = re.search(r"^\|[^\n]*(?:rows|linhas)/s[^\n]*\n\|[-:| ]+\n((?:\|.*\n)+)", text, re.M)
    return [re.sub(r"\D", "", row) for row in table[1].splitlines()] if table else []


def rule_bench_table(tree):
    """Both READMEs show the side-by-side table of docs/benchmarks.md, where new figures are written first."""
    measured = bench_figures(tree.files.get("docs/benchmarks.md", ""))
    for readme in ("README.md", "README.pt-BR.md"):
        if bench_figures(tree.files.get(readme, "")) != measured or not measured:
            yield f"{readme}:1: its table of speeds is not that of docs/benchmarks.md"


def rule_version(tree):
    build = re.search(r"project\(pregao VERSION ([\d.]+)", tree.files.get("CMakeLists.txt", ""))
    program = re.search(r'kVersion = "([\d.]+)"', tree.files.get("src/base/version.h", ""))
    if not (build and program) or build.group(1) != program.group(1):
        yield "src/base/version.h:1: not the version of CMakeLists.txt"


def rule_changelog(tree):
    version = re.search(r"project\(pregao VERSION ([\d.]+)", tree.files.get("CMakeLists.txt", ""))
    if not version:
        yield "CMakeLists.txt:1: no version"
    elif not re.search(rf"^## \[?{re.escape(version.group(1))}\b", tree.files.get("CHANGELOG.md", ""), re.M):
        yield f"CHANGELOG.md:1: has no section for {version.group(1)}, the version in CMakeLists.txt"


def rule_settings_documented(tree):
    """Every key of the table of settings stands in both READMEs."""
    for key in re.findall(r'\{(?:\.name = )?"([a-z.-]+)",\s*(?:\.member = )?&S::', tree.files.get("src/cli/settings_table.cc", "")):
        for readme in ("README.md", "README.pt-BR.md"):
            if f"`{key}`" not in tree.files.get(readme, ""):
                yield f"{readme}:1: setting `{key}` is not described"


def rule_links(tree):
    """A link from one document to a file of the repository leads somewhere."""
    for path, text in tree.named(r"\.md$").items():
        folder = Path(path).parent
        for number, line in enumerate(text.splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                goal = re.sub(r"[^/]+/\.\./", "", (folder / target).as_posix()).rstrip("/")
                if goal not in tree.files and not any(name.startswith(goal + "/") for name in tree.files):
                    yield f"{path}:{number}: link to {target}, which is not there"


RULES = [value for name, value in sorted(globals().items()) if name.startswith("rule_")]


def main(argv):
    tree = Tree.read(argv[1] if len(argv) > 1 else str(Path(__file__).resolve().parent.parent))
    findings = [f"{finding} [{rule.__name__[5:]}]" for rule in RULES for finding in rule(tree)]
    print("\n".join(findings) if findings else f"tidy: {len(tree.files)} files keep {len(RULES)} rules")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
