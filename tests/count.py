#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the cases of one ctest run: `count.py CTEST_JSON JUNIT_XML GTEST_FOLDER` prints "passed failed skipped".

CTEST_JSON is `ctest --show-only=json-v1`, JUNIT_XML what `ctest --output-junit` wrote, GTEST_FOLDER what GTEST_OUTPUT named. A
gtest program counts by its cases, any other test as one. A program that died counts what it never reported as one failure.
"""
import glob
import json
import os
import sys
import xml.etree.ElementTree as ElementTree


def gtest_cases(folder, program):
    passed = failed = skipped = 0
    for path in glob.glob(os.path.join(folder, program + ".xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            if case.find("failure") is not None:
                failed += 1
            elif case.get("result") == "skipped" or case.find("skipped") is not None:
                skipped += 1
            elif case.get("status") == "run":
                passed += 1
    return passed, failed, skipped


def main(ctest_json, junit_xml, gtest_folder):
    with open(ctest_json, encoding="utf-8") as file:
        programs = {test["name"]: os.path.basename(test.get("command", [""])[0]) for test in json.load(file)["tests"]}
    passed = failed = skipped = 0
    for test in ElementTree.parse(junit_xml).getroot().iter("testcase"):
        status = test.get("status")
        cases = gtest_cases(gtest_folder, programs.get(test.get("name"), ""))
        if any(cases):
            passed, failed, skipped = passed + cases[0], failed + cases[1], skipped + cases[2]
            failed += status == "fail" and cases[1] == 0
        else:
            passed += status == "run"
            failed += status == "fail"
            skipped += status not in ("run", "fail")
    print(passed, failed, skipped)


if __name__ == "__main__":
    main(*sys.argv[1:])
