#!/usr/bin/env python3
"""Each rule of tidy.py fires on what it forbids, and is silent on what it allows."""
import unittest

import tidy
from tidy import Tree


def tree(rule, files):
    return list(rule(Tree(files)))


class Includes(unittest.TestCase):
    def test_a_stage_may_include_only_what_is_left_of_it(self):
        self.assertTrue(tree(tidy.rule_stage_order, {"src/base/a.h": '#include "topic/topic.h"\n'}))
        self.assertTrue(tree(tidy.rule_stage_order, {"src/lake/a.cc": '#include "topic/topic.h"\n'}))
        self.assertTrue(tree(tidy.rule_stage_order, {"src/engine/a.cc": '#include "query/x.h"\n'}))
        self.assertFalse(tree(tidy.rule_stage_order, {"src/engine/a.cc": '#include "topic/topic.h"\n'}))
        self.assertFalse(tree(tidy.rule_stage_order, {"src/lake/a.cc": '#include "lake/b.h"\n'}))

    def test_a_folder_outside_the_order_is_found(self):
        self.assertTrue(tree(tidy.rule_stage_order, {"src/misc/a.h": ""}))

    def test_paths_start_at_src(self):
        self.assertTrue(tree(tidy.rule_stage_order, {"src/lake/a.cc": '#include "b.h"\n'}))

    def test_a_vendor_header_stays_with_its_owner(self):
        self.assertTrue(tree(tidy.rule_vendor_headers, {"src/lake/a.cc": "#include <sqlite3.h>\n"}))
        self.assertTrue(tree(tidy.rule_vendor_headers, {"src/topic/a.cc": "#include <arrow/table.h>\n"}))
        self.assertTrue(tree(tidy.rule_vendor_headers, {"src/listen/a.cc": "#include <curl/curl.h>\n"}))
        self.assertFalse(tree(tidy.rule_vendor_headers, {"src/topic/a.cc": "#include <sqlite3.h>\n"}))
        self.assertFalse(tree(tidy.rule_vendor_headers, {"src/base/a.h": "#include <arrow/status.h>\n"}))

    def test_a_vendor_header_is_found_behind_our_own(self):
        files = {"src/lake/json.h": "#include <simdjson.h>\n", "src/query/a.cc": '#include "lake/json.h"\n'}
        self.assertIn("src/query/a.cc:1", tree(tidy.rule_vendor_headers, files)[0])
        files["src/lake/a.cc"] = files.pop("src/query/a.cc")
        self.assertFalse(tree(tidy.rule_vendor_headers, files))

    def test_headers_that_include_each_other_are_no_endless_loop(self):
        files = {"src/lake/a.h": '#include "lake/b.h"\n', "src/lake/b.h": '#include "lake/a.h"\n'}
        self.assertFalse(tree(tidy.rule_vendor_headers, files))

    def test_pragma_once(self):
        self.assertTrue(tree(tidy.rule_pragma_once, {"src/base/a.h": "#include <map>\n"}))
        self.assertFalse(tree(tidy.rule_pragma_once, {"src/base/a.h": "#pragma once\n"}))


class Lengths(unittest.TestCase):
    def test_file(self):
        self.assertTrue(tree(tidy.rule_file_length, {"a.cc": "x;\n" * 401}))
        self.assertFalse(tree(tidy.rule_file_length, {"a.cc": "x;\n" * 400}))

    def test_function(self):
        for opening in ("int F() {", "Status A::B(int x) const {", "A::A(int x) : x_(x) {", "auto F() -> int {",
                        "TEST(Suite, Case) {", "int F(int a,\n      int b) {"):
            for lines, count in ((68, 0), (69, 1)):
                body = f"namespace n {{\n{opening}\n" + "  if (a) {\n  }\n" * (lines // 2) + "  b();\n" * (lines % 2)
                with self.subTest(opening=opening, lines=lines):
                    self.assertEqual(len(tree(tidy.rule_function_length, {"a.cc": body + "}\n}\n"})), count)

    def test_a_macro_before_a_namespace_is_no_function(self):
        body = "#define F(x) \\\n  (x)\nnamespace n {\n" + "int F() {\n}\n" * 50 + "}\n"
        self.assertFalse(tree(tidy.rule_function_length, {"a.cc": body}))

    def test_method_in_a_class(self):
        body = "class A {\n  void F() {\n" + "    b();\n" * 70 + "  }\n};\n"
        self.assertTrue(tree(tidy.rule_function_length, {"a.h": body}))

    def test_a_long_class_of_short_functions_is_fine(self):
        self.assertFalse(tree(tidy.rule_function_length, {"a.h": "class A {\n" + "  int F() {\n    return 1;\n  }\n" * 50 + "};\n"}))


class Calls(unittest.TestCase):
    def test_each_banned_call_is_found(self):
        for call in ('std::cout << 1;', 'printf("x");', 'std::snprintf(b, 1, "x");', "strcpy(a, b);", "std::rand();",
                     'std::getenv("HOME");', "std::this_thread::sleep_for(1s);", "usleep(1);", "assert(x);",
                     "using namespace std;", "thread.detach();", 'fmt::print("x");', "atoi(x);"):
            with self.subTest(call=call):
                self.assertTrue(tree(tidy.rule_banned_calls, {"src/lake/a.cc": f"  {call}\n"}))

    def test_each_banned_pattern_has_a_case_above(self):
        self.assertEqual(len(tidy.BANNED), 10)

    def test_cli_may_print_and_read_the_environment(self):
        self.assertFalse(tree(tidy.rule_banned_calls, {"src/cli/a.cc": 'std::cout << std::getenv("HOME");\n'}))

    def test_comments_and_strings_are_no_calls(self):
        for text in ("// printf(x)\n", "/* rand() */\n", 's = "printf(x)";\n', 'R"(printf(x))";\n', "x = 1'000; // srand\n"):
            with self.subTest(text=text):
                self.assertFalse(tree(tidy.rule_banned_calls, {"src/lake/a.cc": text}))

    def test_names_that_merely_end_alike_are_allowed(self):
        self.assertFalse(tree(tidy.rule_banned_calls, {"src/lake/a.cc": "operand(1); static_assert(x); reputs(2);\n"}))


class Texts(unittest.TestCase):
    def test_unfinished(self):
        for word in ("TO" "DO", "FIX" "ME", "X" "XX"):
            self.assertTrue(tree(tidy.rule_unfinished, {"README.md": f"{word}: later\n"}))
        self.assertFalse(tree(tidy.rule_unfinished, {"a.cc": "todos os papéis\n"}))

    def test_machine_paths_and_registry_hosts(self):
        for text in ("/ro" "ot/x", "see /ho" "me/me/x", "https://py" "pi.org/simple", "deb.deb" "ian.org"):
            with self.subTest(text=text):
                self.assertTrue(tree(tidy.rule_machine_paths, {"a.md": text + "\n"}))
        for text in ("$HOME/.cache", "/tmp/x", "lake/root/x", "${dir}/home/x", "https://github.com/work/x"):
            with self.subTest(text=text):
                self.assertFalse(tree(tidy.rule_machine_paths, {"a.md": text + "\n"}))


class Documents(unittest.TestCase):
    def test_adr_index(self):
        files = {"docs/adr/README.md": "0001-a.md", "docs/adr/0001-a.md": "", "docs/adr/0002-b.md": ""}
        self.assertEqual(len(tree(tidy.rule_adr_index, files)), 1)

    def test_translated_readme(self):
        self.assertTrue(tree(tidy.rule_translated_readme, {"README.md": "# a\n## b\n", "README.pt-BR.md": "# a\n"}))
        same = {"README.md": "# a\n```\n# comment\n```\n## b\n", "README.pt-BR.md": "# á\n## bê\n"}
        self.assertFalse(tree(tidy.rule_translated_readme, same))

    def test_bench_table(self):
        files = {"docs/benchmarks.md": "# S\n\n| | rows/s | CPU-s |\n|---|---:|---:|\n| pregao | 1,234 | 0.50 |\n\n| x | 9 |\n",
                 "README.pt-BR.md": "| | linhas/s | CPU-s |\n|---|---:|---:|\n| pregao | 1.234 | 0,50 |\n\n"}
        files["README.md"] = files["docs/benchmarks.md"]
        self.assertFalse(tree(tidy.rule_bench_table, files))
        self.assertEqual(len(tree(tidy.rule_bench_table, files | {"README.pt-BR.md": files["README.md"].replace("0.50", "0.51")})), 1)
        self.assertEqual(len(tree(tidy.rule_bench_table, files | {"README.md": ""})), 1)
        self.assertEqual(len(tree(tidy.rule_bench_table, files | {"docs/benchmarks.md": "no table"})), 2)

    def test_changelog(self):
        cmake = "project(pregao VERSION 1.2.3 LANGUAGES CXX)\n"
        self.assertTrue(tree(tidy.rule_changelog, {"CMakeLists.txt": cmake, "CHANGELOG.md": "## 1.2.30\n"}))
        self.assertTrue(tree(tidy.rule_changelog, {"CMakeLists.txt": "", "CHANGELOG.md": "## 1.2.3\n"}))
        self.assertFalse(tree(tidy.rule_changelog, {"CMakeLists.txt": cmake, "CHANGELOG.md": "## 1.2.3 (2025)\n"}))

    def test_version(self):
        files = {"CMakeLists.txt": "project(pregao VERSION 1.2.3)", "src/base/version.h": 'kVersion = "1.2.4";'}
        self.assertTrue(tree(tidy.rule_version, files))
        files["src/base/version.h"] = 'kVersion = "1.2.3";'
        self.assertFalse(tree(tidy.rule_version, files))

    def test_settings_documented(self):
        files = {"src/cli/settings_table.cc": '{"a.b-c", &S::a_b_c, "help"},\n{"d",\n       &S::d,\n',
                 "README.md": "`a.b-c` `d`", "README.pt-BR.md": "`d`"}
        self.assertEqual(tree(tidy.rule_settings_documented, files), ["README.pt-BR.md:1: setting `a.b-c` is not described"])

    def test_links(self):
        self.assertTrue(tree(tidy.rule_links, {"docs/a.md": "[x](b.md)"}))
        good = {"docs/a.md": "[x](b.md) [y](../c.md#part) [z](https://x.y) [w](adr/)", "docs/b.md": "", "c.md": "",
                "docs/adr/1.md": ""}
        self.assertFalse(tree(tidy.rule_links, good))


class Coverage(unittest.TestCase):
    def test_every_rule_is_tested_here(self):
        with open(__file__, encoding="utf-8") as file:
            text = file.read()
        for rule in tidy.RULES:
            self.assertIn(f"tidy.{rule.__name__}", text)


if __name__ == "__main__":
    unittest.main()
