"""recover.py and every vector of vectors/. Run by tests/share/recover.rs, or by hand: python3 tests/recover_test.py"""

import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "vectors")
sys.path.insert(0, os.path.join(HERE, ".."))
sys.dont_write_bytecode = True

import recover  # noqa: E402


def stored(name):
    with open(os.path.join(VECTORS, name), "rb") as file:
        return file.read()


def described(share):
    return {
        "kind": share.kind,
        "set": share.set.hex(),
        "key": share.key.hex(),
        "generation": share.generation,
        "threshold": share.threshold,
        "seat": share.seat,
        "data": share.data.hex(),
        "commitment": share.commitment().hex(),
    }


def refusal(error):
    facts = dict(error.facts)
    if "damaged" in facts:
        names = ("place", "line", "fault", "at")
        facts["damaged"] = [dict(zip(names, each)) for each in facts["damaged"]]
    facts["error"] = error.error
    return facts


class Vectors(unittest.TestCase):
    index = json.loads(stored("index.json").decode())

    def test_every_text_is_read_or_refused_as_the_index_says(self):
        for entry in self.index["texts"]:
            with self.subTest(entry["file"]):
                text = stored(entry["file"])
                text += b"\n" * (entry.get("fill_up_to", 0) - len(text))
                expected = {name: fact for name, fact in entry.items() if name not in ("file", "fill_up_to")}
                try:
                    if "shares" in entry:
                        outcome = {"shares": [described(share) for share in recover.find_all(text)]}
                    else:
                        outcome = {"share": described(recover.from_text(text))}
                except recover.Refused as error:
                    outcome = refusal(error)
                self.assertEqual(outcome, expected)

    def test_every_set_combines_or_is_refused_as_the_index_says(self):
        for entry in self.index["sets"]:
            with self.subTest(entry["name"]):
                expected = {name: fact for name, fact in entry.items() if name not in ("name", "files", "commitments")}
                shares = [recover.from_text(stored(name)) for name in entry["files"]]
                try:
                    if "commitments" in entry:
                        recover.check_commitments(shares, [bytes.fromhex(each) for each in entry["commitments"]])
                    seats = recover.gather(shares)
                    points = {seat: share.data for seat, share in seats.items()}
                    outcome = {"secret": recover.combine(points, shares[0].threshold).hex()}
                except recover.Refused as error:
                    outcome = refusal(error)
                self.assertEqual(outcome, expected)


if __name__ == "__main__":
    unittest.main()
