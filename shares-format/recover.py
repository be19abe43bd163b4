#!/usr/bin/env python3
"""Combine quorate shares with Python's standard library alone.

usage: recover.py [--kind KIND] [--vault vault.toml] [--raw OUT] FILE...
       recover.py [--threshold K] NAME.001 NAME.004 ...

FILE holds one or more share texts; - is standard input. The secret goes to
standard output, nothing else does. Everything that quorate checks is checked
here: the check characters of each line, that all shares are of one set, that no
seat comes twice with different bytes, that further shares fit the others.

  --kind KIND      master, revocation, practice-master or practice-revocation;
                   needed if the files hold shares of several kinds.
                   Without it practice shares are left out.
  --vault FILE     compare each share with the commitments in this vault.toml
  --raw OUT        don't combine: write the bytes of each share to OUT.<seat>,
                   three digits, as gfcombine wants them
  --threshold K    how many parts are needed, for files as gfsplit writes them
                   (NAME.001 ...). They carry no checks of their own: a damaged
                   part, or too few, give a wrong secret without an error.
                   With K given, parts beyond the K-th are checked.

exit status: 0 done, 1 failed, 2 usage, 3 too few shares, 4 damaged or forged
The format is described in SPEC.md beside this file.
"""

import hashlib
import hmac
import os
import re
import sys

MAX_TEXT = 64 * 1024
MAX_DATA = 1024
PER_LINE = 24  # data characters of a full line
CHECKS = 4  # check characters of each line
WHOLE = 12  # characters of the check over the whole
MAX_LINES = 73
ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"
KINDS = {
    1: ("master", "share for the master key"),
    2: ("revocation", "share for the revocations"),
    3: ("practice-master", "practice share for the master key"),
    4: ("practice-revocation", "practice share for the revocations"),
}
NAMES = {False: "QUORATE SHARE", True: "QUORATE PRACTICE SHARE"}


class Refused(Exception):
    """What is wrong. `error` is the name in SPEC.md, `facts` are positions and numbers, never a part of a share."""

    def __init__(self, error, sentence, **facts):
        super().__init__(sentence)
        self.error = error
        self.facts = facts
        self.status = 3 if error == "too-few" else 4


# --- Arithmetic in the two fields (SPEC.md sections 1 and 5) ---


def multiply(a, b, modulus=0x11D, top=0x100):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & top:
            a ^= modulus
        b >>= 1
    return product


def multiply32(a, b):
    return multiply(a, b, 0x25, 0x20)


def power(a, exponent, times=multiply):
    product = 1
    for _ in range(exponent):
        product = times(product, a)
    return product


def interpolate(points, at):
    """The value at `at` of the polynomials through `points`, a dict from x to bytes. `at` is no x of them."""
    value = bytearray(len(next(iter(points.values()))))
    for x, data in points.items():
        above, below = 1, 1
        for other in points:
            if other != x:
                above = multiply(above, at ^ other)
                below = multiply(below, x ^ other)
        weight = multiply(above, power(below, 254))
        for i, byte in enumerate(data):
            value[i] ^= multiply(weight, byte)
    return bytes(value)


def find_slip(number, symbols):
    """Where a line's symbols are wrong: None, or ('one', [i]), ('two', [i, j]), ('other-line', []), ('many', [])."""
    word = [number >> 5, number & 31] + symbols
    syndromes = []
    for j in range(CHECKS):
        root, value = power(2, j, multiply32), 0
        for symbol in word:
            value = multiply32(value, root) ^ symbol
        syndromes.append(value)
    if not any(syndromes):
        return None
    locators = [power(2, len(word) - 1 - place, multiply32) for place in range(len(word))]

    def explained(x, e, y=0, f=0):
        for syndrome in syndromes:
            if syndrome != e ^ f:
                return False
            e, f = multiply32(e, x), multiply32(f, y)
        return True

    for place, x in enumerate(locators):
        if explained(x, syndromes[0]):
            return ("one", [place - 1]) if place >= 2 else ("other-line", [])
    for second in range(1, len(word)):
        for first in range(second):
            x, y = locators[first], locators[second]
            f = multiply32(syndromes[1] ^ multiply32(x, syndromes[0]), power(x ^ y, 30, multiply32))
            e = syndromes[0] ^ f
            if explained(x, e, y, f):
                if first >= 2:
                    return ("two", [first - 1, second - 1])
                return ("other-line" if second < 2 else "many", [])
    return ("many", [])


# --- The share (SPEC.md sections 2 and 4) ---


class Share:
    def __init__(self, body):
        self.body = body
        place = 0

        def take(count):
            nonlocal place
            if place + count > len(body):
                raise Refused("body-short", "%d bytes are no whole share header" % len(body))
            place += count
            return body[place - count : place]

        scheme, self.kind = take(2)
        if scheme != 1:
            raise Refused("scheme", "it is of scheme %d, which this program doesn't know" % scheme)
        if self.kind not in KINDS:
            raise Refused("kind", "%d is no kind of share" % self.kind)
        self.set = take(16)
        length = take(1)[0]
        if length not in (20, 32):
            raise Refused("fingerprint-length", "a key fingerprint has 20 or 32 bytes, not %d" % length)
        self.key = take(length)
        self.generation = int.from_bytes(take(4), "big")
        if self.generation == 0:
            raise Refused("generation", "generation 0 doesn't exist")
        self.threshold, self.seat = take(2)
        if self.threshold < 2:
            raise Refused("threshold", "a threshold of %d is below 2" % self.threshold)
        if self.seat == 0:
            raise Refused("seat", "seat 0 doesn't exist")
        length = int.from_bytes(take(2), "big")
        if not 1 <= length <= MAX_DATA:
            raise Refused("data-length", "a share has 1 to 1024 bytes, not %d" % length)
        expected = -(-(place + length) // 5) * 5
        if len(body) != expected:
            raise Refused("body-length", "it has %d bytes and should have %d" % (len(body), expected))
        if any(body[place : expected - length]):
            raise Refused("filling", "the filling before its data is not zero")
        self.data = body[expected - length :]

    @property
    def practice(self):
        return self.kind >= 3

    @property
    def header(self):
        return (self.key, self.kind, self.generation, self.set, self.threshold)

    def commitment(self):
        return hashlib.sha256(b"quorate-share commitment v1\0" + self.body).digest()

    def information(self):
        return [
            "%s, seat %d, %d seats needed, generation %d"
            % (KINDS[self.kind][1], self.seat, self.threshold, self.generation),
            "key " + self.key.hex().upper(),
            "set " + self.set.hex(),
        ]


def whole_check(body):
    bits = int.from_bytes(hashlib.sha256(b"quorate-share text v1\0" + body).digest()[:8], "big")
    return [bits >> (59 - 5 * i) & 31 for i in range(WHOLE)]


# --- The text (SPEC.md section 3) ---


def find_all(text):
    """All different shares in `text` (bytes), in their order."""
    lines = normal_lines(text)
    shares, begun = [], None
    for at, (number, line) in enumerate(lines):
        armour = armour_of(line)
        if armour is None:
            continue
        word, practice = armour
        if begun is None:
            if word == "END":
                raise Refused("begin-missing", "line %d ends a share that doesn't begin: its head is cut off" % number, line=number)
            begun = (at, practice)
            continue
        begin_number = lines[begun[0]][0]
        if word == "BEGIN":
            raise Refused("end-missing", "the share that begins in line %d is cut off" % begin_number, line=begin_number)
        if begun[1] != practice:
            raise Refused("end-differs", "line %d ends another sort of share than began" % number, line=number)
        share = read_block(begin_number, lines[begun[0] + 1 : at], number, practice)
        if not any(hmac.compare_digest(share.body, known.body) for known in shares):
            shares.append(share)
        begun = None
    if begun is not None:
        begin_number = lines[begun[0]][0]
        raise Refused("end-missing", "the share that begins in line %d is cut off" % begin_number, line=begin_number)
    if not shares:
        raise Refused("no-share", "there is no share in it")
    return shares


def from_text(text):
    """The one share in `text` (bytes)."""
    shares = find_all(text)
    if len(shares) > 1:
        raise Refused("several", "there are %d different shares in it" % len(shares), count=len(shares))
    return shares[0]


def normal_lines(text):
    if len(text) > MAX_TEXT:
        raise Refused("too-large", "%d bytes are no share text; 64 KiB are the limit" % len(text), size=len(text))
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Refused("utf-16", "it is UTF-16; save it as plain text (UTF-8)")
    if 0 in text:
        for parity in (0, 1):
            if len(text) % 2 == 0 and not any(text[parity::2]) and all(text[1 - parity :: 2]):
                raise Refused("utf-16", "it is UTF-16; save it as plain text (UTF-8)")
        offset = text.index(0)
        raise Refused("binary", "it is no text: a zero byte at offset %d" % offset, offset=offset)
    if text[:3] == b"\xef\xbb\xbf":
        text = text[3:]
    lines = []
    for number, line in enumerate(text.split(b"\n"), 1):
        line = line.lstrip(b" \t>").rstrip(b" \t\r")
        if line:
            lines.append((number, line))
    if not lines:
        raise Refused("empty", "there is nothing in it")
    return lines


def words(line):
    return [word for word in re.split(b"[ \t]+", line.upper()) if word]


def armour_of(line):
    if len(line) < 10 or line[:5] != b"-----" or line[-5:] != b"-----":
        return None
    for practice, name in NAMES.items():
        for word in ("BEGIN", "END"):
            if words(line[5:-5]) == words(("%s %s" % (word, name)).encode()):
                return word, practice
    return None


def label_of(line):
    """The number of a numbered line, 'ck' for the check line, None for all others."""
    if len(line) < 3 or line[2] not in b" \t":
        return None
    if line[:2].lower() == b"ck":
        return "ck"
    return int(line[:2]) if re.match(b"[0-9][0-9]", line) else None


def read_block(begin, block, end, practice):
    first = 0
    while first < len(block) and label_of(block[first][1]) is None:
        first += 1
    informed, rest = block[:first], block[first:]
    numbered, checked = in_order(begin, rest, end)
    if len(informed) != 3:
        raise Refused("information-lines", "the share that begins in line %d has %d information lines instead of 3" % (begin, len(informed)), found=len(informed))
    share = Share(read_lines(numbered, checked))
    if share.practice != practice:
        raise Refused("armour", "the share that begins in line %d is a %s share in the armour of another sort" % (begin, KINDS[share.kind][0]), line=begin)
    for (number, line), expected in zip(informed, share.information()):
        if words(line) != words(expected.encode()):
            raise Refused("information", "line %d says something else than the share itself" % number, line=number)
    return share


def in_order(begin, lines, end):
    for at, (number, line) in enumerate(lines):
        label = label_of(line)
        if label is None:
            raise Refused("stray", "line %d doesn't belong to the share" % number, line=number)
        if label == "ck":
            if at == 0:
                break
            if at + 1 < len(lines):
                raise Refused("stray", "line %d doesn't belong to the share" % lines[at + 1][0], line=lines[at + 1][0])
            return lines[:at], lines[at]
        if at == MAX_LINES:
            raise Refused("too-many-lines", "line %d is one more than any share has" % number, line=number)
        if label != at + 1:
            raise Refused(
                "number",
                "line %d has the number %02d where %02d should come: a line is missing, doubled or out of place" % (number, label, at + 1),
                line=number, expected=at + 1, found=label,
            )
    else:
        if lines:
            raise Refused("check-missing", "the line that begins with ck is missing before line %d" % end, line=end)
    raise Refused("no-lines", "no numbered lines follow line %d" % begin, line=begin)


def read_lines(numbered, checked):
    symbols, damaged = [], []
    count = len(numbered)
    for number, (place, line) in enumerate(numbered, 1):
        lengths = (8, 16, PER_LINE) if number == count else (PER_LINE,)
        fault, line_symbols = read_line(line, number, lengths)
        if fault:
            damaged.append(("%d" % number, place) + fault)
        else:
            symbols += line_symbols[:-CHECKS]
    fault, whole = read_line(checked[1], count + 1, (WHOLE,))
    if fault:
        damaged.append(("ck", checked[0]) + fault)
    if damaged:
        raise Refused("damaged", "; ".join(describe(each, count) for each in damaged) + "; all other lines are good", damaged=damaged, of=count)
    bits = 0
    for symbol in symbols:
        bits = bits << 5 | symbol
    body = bits.to_bytes(len(symbols) * 5 // 8, "big")
    if not hmac.compare_digest(bytes(whole_check(body)), bytes(whole[:WHOLE])):
        raise Refused("whole", "each line is good, but they don't belong together: lines of several shares were mixed")
    return body


def describe(damage, count):
    place, _, fault, at = damage
    where = "the line ck" if place == "ck" else "line %s of %d" % (place, count)
    what = {
        "foreign": "character %s is one that no share has",
        "length": "it has %s characters",
        "one": "near character %s",
        "two": "near characters %s and %s",
        "other-line": "it has another line's characters",
        "many": "in several places",
    }[fault]
    if fault == "length" and len(at) == 2:
        what += ", see group %s"
    return "%s is damaged: %s" % (where, what % tuple(at))


def read_line(line, number, lengths):
    symbols = []
    groups = [group for group in re.split(b"[ \t]+", line[2:]) if group]
    for byte in b"".join(groups).lower():
        symbol = ALPHABET.find(byte)
        if symbol < 0:
            return ("foreign", [len(symbols) + 1]), None
        symbols.append(symbol)
    if len(symbols) - CHECKS not in lengths:
        odd = [at for at, group in enumerate(groups, 1) if len(group) != 4]
        return ("length", [len(symbols)] + odd[:1]), None
    return find_slip(number, symbols), symbols


# --- Combining (SPEC.md section 6) ---


def gather(shares):
    """The shares by seat, all of the set of the first."""
    seats, first = {}, shares[0]
    for share in shares:
        for error, name, own, other in (
            ("other-key", "key", share.key, first.key),
            ("other-kind", "kind", share.kind, first.kind),
            ("other-generation", "generation", share.generation, first.generation),
            ("other-set", "set", share.set, first.set),
            ("other-threshold", "threshold", share.threshold, first.threshold),
            ("other-length", "length", len(share.data), len(first.data)),
        ):
            if own != other:
                raise Refused(error, "the share of seat %d is of another %s than the others" % (share.seat, name), seat=share.seat)
        known = seats.setdefault(share.seat, share)
        if not hmac.compare_digest(known.body, share.body):
            raise Refused("seat-twice", "there are two different shares of seat %d" % share.seat, seat=share.seat)
    return seats


def combine(points, threshold):
    """The secret from `points`, a dict from seat to bytes: the first `threshold` seats, the further ones checked against them."""
    if len(points) < threshold:
        raise Refused("too-few", "%d of %d seats are there" % (len(points), threshold), have=len(points), need=threshold)
    order = sorted(points)
    base = {seat: points[seat] for seat in order[:threshold]}
    off = [seat for seat in order[threshold:] if not hmac.compare_digest(interpolate(base, seat), points[seat])]
    if off:
        raise Refused(
            "off-polynomial",
            "the shares don't fit together: seats %s don't agree with seats %s; at least one of all these is false"
            % (", ".join(map(str, off)), ", ".join(map(str, base))),
            seats=off,
        )
    return interpolate(base, 0)


def check_commitments(shares, commitments):
    for share in shares:
        own = share.commitment()
        if not any([hmac.compare_digest(own, known) for known in commitments]):
            raise Refused("false-share", "the share of seat %d is not one that the vault names: it is false, or of another vault" % share.seat, seat=share.seat)


# --- The program ---


class Failed(Exception):
    """Something that isn't about shares; `status` is the exit code."""

    def __init__(self, sentence, status=1):
        super().__init__(sentence)
        self.status = status


def read_file(name):
    try:
        if name == "-":
            return sys.stdin.buffer.read(MAX_TEXT + 1)
        with open(name, "rb") as file:
            return file.read(MAX_TEXT + 1)
    except OSError as error:
        raise Failed("%s: %s" % (name, error.strerror))


def read_vault(name):
    try:
        with open(name, "rb") as file:
            found = re.findall(rb'commitment"?\s*=\s*"([0-9a-fA-F]{64})"', file.read(16 * MAX_TEXT))
    except OSError as error:
        raise Failed("%s: %s" % (name, error.strerror))
    if not found:
        raise Failed("%s: there is no commitment in it" % name)
    return [bytes.fromhex(each.decode()) for each in found]


def choose_kind(shares, wanted):
    if wanted:
        chosen = [share for share in shares if KINDS[share.kind][0] == wanted]
        if not chosen:
            raise Refused("too-few", "there is no share of kind %s" % wanted)
        return chosen
    real = [share for share in shares if not share.practice]
    if not real:
        raise Refused("too-few", "these are practice shares only, which open nothing of worth; for a drill add --kind practice-master")
    return real


def raw_seat(name, content):
    """The seat that a file's name tells if it is a raw part as gfsplit writes it."""
    match = re.search(r"\.([0-9]{3})$", name)
    if not match or b"-----BEGIN QUORATE" in content.upper():
        return None
    seat = int(match.group(1))
    if not 1 <= seat <= 255:
        raise Refused("seat", "%s: seat %d doesn't exist" % (name, seat))
    return seat


def combine_raw(parts, threshold):
    points = {}
    for name, seat, data in parts:
        if not 1 <= len(data) <= MAX_TEXT:
            raise Refused("data-length", "%s: a part of %d bytes" % (name, len(data)))
        known = points.setdefault(seat, data)
        if len(data) != len(next(iter(points.values()))):
            raise Refused("other-length", "%s has another length than the parts before it" % name, seat=seat)
        if not hmac.compare_digest(known, data):
            raise Refused("seat-twice", "there are two different parts of seat %d" % seat, seat=seat)
    if threshold is None:
        note("raw parts carry no checks: if one is damaged or missing, the secret is wrong")
        if len(points) < 2:
            raise Refused("too-few", "one part alone is never enough")
    return combine(points, threshold or len(points))


def write_raw(shares, stem):
    for seat, share in sorted(shares.items()):
        name = "%s.%03d" % (stem, seat)
        try:
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as file:
                file.write(share.data)
        except OSError as error:
            raise Failed("%s: %s" % (name, error.strerror))
    need = next(iter(shares.values())).threshold
    note("%d written; gfcombine needs %d of them, and with fewer it gives a wrong secret without an error" % (len(shares), need))


def note(sentence):
    print("recover.py: " + sentence, file=sys.stderr)


def parse_arguments(arguments):
    options, files = {}, []
    rest = iter(arguments)
    for argument in rest:
        if argument in ("-h", "--help"):
            print(__doc__.strip())
            raise SystemExit(0)
        if argument == "--":
            files.extend(rest)
        elif argument.startswith("--"):
            name, equals, value = argument.partition("=")
            if name not in ("--kind", "--vault", "--raw", "--threshold") or name in options:
                raise Failed("%s is no option, or comes twice; try --help" % name, 2)
            options[name] = value if equals else next(rest, None)
            if not options[name]:
                raise Failed("%s needs a value" % name, 2)
        elif argument.startswith("-") and argument != "-":
            raise Failed("%s is no option; try --help" % argument, 2)
        else:
            files.append(argument)
    if not files:
        raise Failed("no share files are named; try --help", 2)
    if "--kind" in options and options["--kind"] not in [name for name, _ in KINDS.values()]:
        raise Failed("--kind is one of master, revocation, practice-master, practice-revocation", 2)
    if "--threshold" in options:
        if not re.match(r"[0-9]{1,3}$", options["--threshold"]) or not 2 <= int(options["--threshold"]) <= 255:
            raise Failed("--threshold is a number from 2 to 255", 2)
        options["--threshold"] = int(options["--threshold"])
    return options, files


def run(arguments):
    options, files = parse_arguments(arguments)
    shares, parts = [], []
    for name in files:
        content = read_file(name)
        seat = raw_seat(name, content)
        if seat is not None:
            parts.append((name, seat, content))
            continue
        try:
            shares += find_all(content)
        except Refused as error:
            error.args = ("%s: %s" % (name, error),)
            raise
    if parts:
        if shares:
            raise Failed("share texts and raw parts can't be combined with each other", 2)
        if set(options) - {"--threshold"}:
            raise Failed("raw parts take no option but --threshold", 2)
        return combine_raw(parts, options.get("--threshold"))
    if "--threshold" in options:
        raise Failed("--threshold is for raw parts; share texts say it themselves", 2)
    shares = choose_kind(shares, options.get("--kind"))
    if "--vault" in options:
        check_commitments(shares, read_vault(options["--vault"]))
    seats = gather(shares)
    if "--raw" in options:
        write_raw(seats, options["--raw"])
        return None
    return combine({seat: share.data for seat, share in seats.items()}, shares[0].threshold)


def main():
    try:
        secret = run(sys.argv[1:])
        if secret is not None:
            sys.stdout.buffer.write(secret)
            if sys.stdout.isatty():
                sys.stdout.buffer.write(b"\n")
            sys.stdout.buffer.flush()
    except (Refused, Failed) as error:
        note(str(error))
        return error.status
    except OSError as error:
        note("the secret can't be written: %s" % error.strerror)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
