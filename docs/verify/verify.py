#!/usr/bin/env python3
"""Checks an export of Custodian's footprints with nothing but Python: verify.py DIRECTORY KEY [CHECKPOINT-FILE ...]
Says the same as `custodian audit verify`, line by line. Exit 0: whole; 1: not whole; 2: could not be checked.
docs/design/audit-tree.md has the formats. Ed25519 is that of RFC 8032, written for reading, not for speed."""
import base64, functools, hashlib, os, re, sys
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)
def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    g, h = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = (f - e) % P, (h - g) % P, (h + g) % P, (f + e) % P
    return e * f % P, g * h % P, f * g % P, e * h % P
def times(n, a):
    out = (0, 1, 1, 0)
    while n:
        if n & 1: out = add(out, a)
        a, n = add(a, a), n >> 1
    return out
def point(b):
    n = int.from_bytes(b, "little"); y, odd = n & (1 << 255) - 1, n >> 255
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P: x = x * ROOT % P
    if y >= P or (x * x - x2) % P or x == 0 and odd: return None
    return (x if x & 1 == odd else P - x), y, 1, (x if x & 1 == odd else P - x) * y % P
BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
def signed(key, text, sig):
    a, r, s = point(key), point(sig[:32]), int.from_bytes(sig[32:], "little")
    if len(sig) != 64 or a is None or r is None or s >= L: return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + text).digest(), "little") % L
    p, q = times(s, BASE), add(r, times(k, a))
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0
sha = lambda b: hashlib.sha256(b).digest()
node = lambda a, b: sha(b"\1" + a + b)
CHECKPOINT = re.compile(r"(\S+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)\nepoch (0|[1-9]\d*)\ntime (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\n", re.A)
def opened(note, key):
    """The checkpoint in a signed note as {origin, size, root, at}, None when the key did not sign it."""
    text, mark, sigs, c = *note.rpartition(b"\n\n"), None
    m = CHECKPOINT.fullmatch((text + b"\n").decode("utf-8", "replace"))
    for line in sigs[:-1].split(b"\n") if mark and m and m[1] == key[0] and sigs.endswith(b"\n") else []:
        p = line.split(b" ", 2)
        try: raw = base64.b64decode(p[2], validate=True)
        except (IndexError, ValueError): return None
        if p[0] != "—".encode() or len(raw) < 5: return None
        if p[1].decode("utf-8", "replace") == key[0] and raw[:4] == key[1] and not c:
            if not signed(key[2], text + b"\n", raw[4:]): return None
            c = {"origin": m[1], "size": int(m[2]), "root": base64.b64decode(m[3]), "at": m[5], "good": False}
    return c
fold = lambda parts: functools.reduce(lambda out, h: node(h, out), reversed(parts)) if parts else None
def grow(peaks, size, leaf):
    while size & 1: leaf, size = node(peaks.pop(), leaf), size >> 1
    peaks.append(leaf)
def order(line):
    p = line.split(b"\t")
    ids = [int(p[i]) for i in (13, 14, 1) if FIGURES.fullmatch(p[i])] if len(p) == 20 and p[0] == b"custodian-footprint-1" else []
    return tuple(ids) if len(ids) == 3 and max(ids) < 2**63 else None
FIGURES = re.compile(rb"[0-9]{1,19}")  # anything else could be an order to the terminal, and is not shown
event = lambda line: p[1].decode() if FIGURES.fullmatch((p := (line.split(b"\t", 2) + [b"-"]))[1]) else "-"
lines = lambda path: (line.removesuffix(b"\n") for line in open(path, "rb"))

def verify(directory, vkey, held=()):
    """Checks an export; gives the lines to say and whether all is whole."""
    name, kid, raw = vkey.split("+", 2); raw = base64.b64decode(raw, validate=True)
    key = (name, bytes.fromhex(kid), raw[1:])
    if len(raw) != 33 or raw[0] != 1 or sha(name.encode() + b"\n" + raw)[:4] != key[1] or not re.fullmatch("[!-~]+", name): raise ValueError("this is not a public key of checkpoints")
    at = lambda f: os.path.join(directory, f)
    hashes, cps, found = open(at("hashes.bin"), "rb").read(), [], []
    export = open(at("checkpoints.txt"), "rb").read().removesuffix(b"==\n").split(b"==\n")
    for n, note in [(0, h) for h in held] + [(n, c) for n, c in enumerate(export, 1) if c]:
        c = opened(note, key)
        if c: cps.append({**c, "held": n == 0})
        else: found.append("bad checkpoint: " + (f"number {n} of the export" if n else "the one held") + " is not signed by this key")
    cps.sort(key=lambda c: c["size"])
    found += [f"two histories: the key signed two different trees of {b['size']} footprints" for a, b in zip(cps, cps[1:]) if a["size"] == b["size"] and a["root"] != b["root"]]
    leaves, names, peaks, nxt, good, last, spots = [], [], [], 0, 0, (0, 0, 0), {}
    def agree():
        nonlocal nxt, good
        while nxt < len(cps) and cps[nxt]["size"] == len(leaves):
            if cps[nxt]["root"] == (fold(peaks) or sha(b"")): cps[nxt]["good"], good = True, len(leaves)
            nxt += 1
    agree(); waiting = list(lines(at("waiting.tsv")))
    for line in lines(at("footprints.tsv")):
        gone = line.startswith(b"missing\t")
        last = max(last, order(line) or last)
        grow(peaks, len(leaves), bytes(32) if gone else sha(b"\0" + line))
        leaves.append(None if gone else sha(b"\0" + line)); names.append(event(line)); agree()
    n, covered = len(leaves), cps[-1]["size"] if cps else 0; lies, called = lambda i: leaves[i] if i < n else None, lambda i: names[i] if i < n else "-"
    def stored_at(level, i):  # the hash of a perfect tree: written with the last leaf in it
        i = (i + 1 << level) - 1; index = i + level; i >>= 1
        while i: index += i; i >>= 1
        return hashes[32 * index:32 * index + 32] if 32 * index + 32 <= len(hashes) else None
    def stored(lo, hi):
        parts = []
        while lo < hi:
            level = 0
            while lo % (2 << level) == 0 and lo + (2 << level) <= hi: level += 1
            parts.append(stored_at(level, lo >> level)); lo += 1 << level
        return None if None in parts else fold(parts)
    def content(lo, hi):
        if hi > n: return None
        p = []
        for k, h in enumerate(leaves[lo:hi]): grow(p, k, h or bytes(32))
        return fold(p)
    def rewritten(lo, hi):  # what the first checkpoint that does not agree covers is told apart
        for lo, hi in (lo, min(hi, bad[0]["size"])), (max(lo, bad[0]["size"]), hi):
            if lo < hi: found.extend([f"deleted at place {i}: footprint {called(i)} is gone" for i in range(lo, hi) if leaves[i] is None] + [f"rewritten from place {lo} to {hi - 1}: the footprints there are not those that were signed"])
    def locate(lo, hi, right):
        if hi <= good or content(lo, hi) == right: return
        if hi - lo == 1: spots[lo] = right; return
        mid = lo + (1 << (hi - lo - 1).bit_length() - 1); a, b = stored(lo, mid), stored(mid, hi)
        if a is None or b is None or node(a, b) != right: return rewritten(max(lo, good), min(hi, n))
        locate(lo, mid, a); locate(mid, hi, b)
    found += [f"two histories: the key signed a tree of {c['size']} footprints that is not the beginning of the one of {good}" for c in cps if not c["good"] and c["size"] < good]
    bad = [c for c in cps if not c["good"] and c["size"] >= good]
    sure = [c for c in bad if stored(0, c["size"]) == c["root"]]
    if sure:
        locate(0, sure[-1]["size"], sure[-1]["root"])
        right, there, moved, whole = {h: i for i, h in spots.items()}, {lies(i) for i in spots}, [], True
        for i in sorted(spots):
            h, lost = lies(i), spots[i] not in there
            if lost and h and h not in right: found.append(f"changed at place {i}: footprint {called(i)} is not as it was signed")
            elif lost: found.append(f"deleted at place {i}: footprint {'-' if h else called(i)} is gone")
            elif h and h not in right: found.append(f"inserted at place {i}: footprint {called(i)} was not there")
            whole = whole and not lost and (h is None or h in right)
            if h in right and right[h] != i: moved.append(i)
        if moved and not whole: found.append(f"shifted from place {moved[0]} to {moved[-1]}: {len(moved)} footprints stand at other places than they were signed at")
        elif moved: found += [f"moved to place {i}: footprint {called(i)} belongs at place {right[lies(i)]}" for i in moved]
    elif bad and bad[0]["size"] <= n: rewritten(max([c["size"] for c in cps if c["good"] and c["size"] < bad[0]["size"]], default=0), bad[0]["size"])
    if bad and bad[-1]["size"] > n:
        found.append(f"cut off from place {n} to {bad[-1]['size'] - 1}: {bad[-1]['size'] - n} footprints that were signed are gone")
        if good < n: found.append(f"not proven from place {good} to {n - 1}: the footprints there may be others than those that were signed")
    for i in range(covered, n):
        if leaves[i] is None or stored_at(0, i) not in (None, leaves[i]):
            found.append(f"differs at place {i}: footprint {called(i)} is not as it was when it got its place, after the newest checkpoint")
    found += [f"inserted beside the tree: footprint {event(w)} has no place in it, though later ones have" for w in waiting if order(w) is None or order(w) < last]
    say = [f"The export holds {n} footprints in the tree, and {len(waiting)} that wait for their place."]
    if cps:
        c, s = cps[-1], cps[-1]["root"].hex()
        say.append(f"The newest signed checkpoint covers {covered} footprints: {c['origin']}, {c['at']}, root {s[:4]} {s[4:8]} {s[8:12]}.")
    else: say.append("There is no signed checkpoint: nothing is proven."); found.append("no checkpoint: nothing here is signed by this key")
    say += [f"The checkpoint held, of {c['size']} footprints, {'agrees' if c['good'] else 'DOES NOT AGREE'}." for c in cps if c["held"]]
    say += found[:20] + [f"... and {len(found) - 20} more"] * (len(found) > 20)
    if found: return say + [f"NOT WHOLE. Findings: {len(found)}."], False
    rest = [f"{n - covered + len(waiting)} came after the newest checkpoint and are not covered yet."] if n - covered + len(waiting) else []
    return say + [f"WHOLE. The {covered} footprints that are covered are those that were signed."] + rest, True
if __name__ == "__main__":
    if len(sys.argv) < 3: sys.exit(print(__doc__) or 2)
    try: said, whole = verify(sys.argv[1], sys.argv[2], [open(f, "rb").read() for f in sys.argv[3:]])
    except (OSError, ValueError) as e: sys.exit(print("verify:", e, file=sys.stderr) or 2)
    print("\n".join(said)); sys.exit(0 if whole else 1)
