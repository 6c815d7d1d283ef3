# SPDX-License-Identifier: Apache-2.0
"""Small trees, one of them clean and each of the others bad in one way: the checker must see it."""
import contextlib
import io
import pathlib
import tempfile
import unittest

import check

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HASH_SPDX = "# SPDX-License-Identifier: Apache-2.0\n"

CLEAN = {
    "CMakeLists.txt": HASH_SPDX + "foreach(floor\n src/base src/http src/store src/drivers src/engine src/cloud)\n",
    "src/base/CMakeLists.txt": HASH_SPDX + "pileus_module(base LIBRARIES fmt::fmt)\n",
    "src/base/README.md": "# base\n",
    "src/base/text.h": SPDX + "#pragma once\n#include <string>\n",
    "src/http/CMakeLists.txt": HASH_SPDX + "pileus_module(http DEPENDS base)\n",
    "src/http/README.md": "# http\n",
    "src/http/server.cpp": SPDX + '#include "base/text.h"\n#include <boost/asio/ip/tcp.hpp>\n',
    "src/store/CMakeLists.txt": HASH_SPDX + "pileus_module(store DEPENDS base TEST_DEPENDS http)\n",
    "src/store/README.md": "# store\n",
    "src/store/sqlite/connection.cpp": SPDX + "#include <sqlite3.h>\n",
    "src/store/store_test.cpp": SPDX + '#include "http/server.h"\n',
    "src/drivers/CMakeLists.txt": HASH_SPDX + "pileus_module(drivers DEPENDS base)\n",
    "src/drivers/README.md": "# drivers\n",
    "src/drivers/hypervisor/hypervisor.h": SPDX + '#include "base/text.h"\n',
    "src/drivers/hypervisor/qemu/CMakeLists.txt": HASH_SPDX + "pileus_module(qemu\n  DEPENDS base drivers)\n",
    "src/drivers/hypervisor/qemu/README.md": "# qemu\n",
    "src/drivers/hypervisor/qemu/driver.cpp":
        SPDX + '#include "drivers/hypervisor/hypervisor.h"\n// system("a comment is no call")\n'
               'void f() { runner.system("a method"); file_system(1); log("popen("); }\n',
    "src/engine/CMakeLists.txt": HASH_SPDX + "pileus_module(engine DEPENDS base store)\n",
    "src/engine/README.md": "# engine\n",
    "src/cloud/CMakeLists.txt": HASH_SPDX + "pileus_module(cloud DEPENDS base store)\n",
    "src/cloud/README.md": "# cloud\n",
    "up": "#!/bin/bash\n" + HASH_SPDX + "echo up\n",
}


class Layering(unittest.TestCase):
    def check(self, changes):
        """Exit code and output for the clean tree with `changes`; None removes a file."""
        with tempfile.TemporaryDirectory(prefix="pileus-layering.") as folder:
            for name, text in (CLEAN | changes).items():
                if text is not None:
                    path = pathlib.Path(folder) / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                code = check.main(folder)
            return code, out.getvalue()

    def assert_fault(self, changes, *expected):
        code, text = self.check(changes)
        self.assertEqual(code, 1, text)
        for words in expected:
            self.assertIn(words, text)
        self.assertIn(", 1 faults", text)

    def test_a_clean_tree_passes(self):
        code, text = self.check({})
        self.assertEqual(code, 0, text)
        self.assertIn("7 modules, 0 faults", text)

    def test_an_empty_tree_does_not_pass(self):
        code, _ = self.check({name: None for name in CLEAN})
        self.assertEqual(code, 1)

    def test_undeclared_include(self):
        self.assert_fault({"src/http/parser.cpp": SPDX + '#include "store/store.h"\n'},
                          "src/http/parser.cpp:2", "does not name store")

    def test_undeclared_include_of_a_nested_module(self):
        self.assert_fault({"src/engine/e.cpp": SPDX + '#include "drivers/hypervisor/qemu/driver.h"\n'},
                          "does not name qemu")

    def test_undeclared_include_in_a_sub_folder(self):
        self.assert_fault({"src/store/sqlite/a.h": SPDX + '#include "http/server.h"\n'}, "does not name http")

    def test_test_depends_do_not_serve_the_library(self):
        self.assert_fault({"src/store/store.cpp": SPDX + '#include "http/server.h"\n'}, "does not name http")

    def test_include_without_folder(self):
        self.assert_fault({"src/base/a.cpp": SPDX + '#include "text.h"\n'}, "root of src/")

    def test_higher_floor(self):
        self.assert_fault({"src/base/CMakeLists.txt": HASH_SPDX + "pileus_module(base DEPENDS http)\n"},
                          "base depends on http, which stands on a higher floor")

    def test_unknown_dependency(self):
        self.assert_fault({"src/http/CMakeLists.txt": HASH_SPDX + "pileus_module(http DEPENDS base gone)\n"},
                          "gone, which is no module")

    def test_cloud_does_not_reach_the_engine(self):
        self.assert_fault({"src/cloud/CMakeLists.txt": HASH_SPDX + "pileus_module(cloud DEPENDS base engine)\n"},
                          "only through work items")

    def test_asio_outside_http(self):
        self.assert_fault({"src/base/a.h": SPDX + "#include <boost/beast/core.hpp>\n"}, "only src/http may")

    def test_sqlite_outside_store(self):
        self.assert_fault({"src/cloud/a.cpp": SPDX + "#include <sqlite3.h>\n"}, "only src/store may")

    def test_shell_calls(self):
        for call in ('system("ls");', 'std::system("ls");', 'auto* f = popen(command, "r");', "::system (x);"):
            with self.subTest(call):
                self.assert_fault({"src/base/a.cpp": SPDX + f"void f() {{ {call} }}\n"}, "src/base/a.cpp:2")
        self.assert_fault({"tests/run.py": HASH_SPDX + "subprocess.run(x, shell" + "=True)\n"}, "runs a shell")

    def test_lambda_inside_co_await(self):
        self.assert_fault({"src/http/a.cpp": SPDX + "co_await spawn(ex,\n  [&, n](int x) { return x; });\n"},
                          "src/http/a.cpp:2: a capturing lambda")

    def test_missing_licence(self):
        self.assert_fault({"src/base/a.cpp": "int x;\n"}, "src/base/a.cpp: does not begin")
        self.assert_fault({"up": "#!/bin/bash\necho\n"}, "up: does not begin")

    def test_missing_readme(self):
        self.assert_fault({"src/drivers/hypervisor/qemu/README.md": None}, "qemu: has no README.md")

    def test_registry(self):
        self.assert_fault({"docs/a.md": "from pypi" + ".org\n"}, "docs/a.md:1: names a package registry")

    def test_machine_path(self):
        for path in ("/work" + "/main/x", "see .." + "/shared/x", "/home/" + "jo/x"):
            with self.subTest(path):
                self.assert_fault({"docs/a.md": f"\n{path}\n"}, "docs/a.md:2: names a path")

    def test_long_files_are_listed_only(self):
        code, text = self.check({"src/base/long.cpp": SPDX + "int x;\n" * 600})
        self.assertEqual(code, 0, text)
        self.assertIn("long: src/base/long.cpp has 601 lines", text)


if __name__ == "__main__":
    unittest.main()
