# SPDX-License-Identifier: Apache-2.0
"""Tables out of what was measured: one for each set and mode, loading and memory, and the bars of the project."""
import statistics

UDP_COLUMNS = f"{'server':10}{'us/query':>9}{'min-max':>14}{'to ours':>8}{'user':>7}{'answers/s':>10}{'p50':>7}{'p99':>7}{'p99.9':>7}" \
              f"{'lost':>6}{'wrong':>6}{'NXDOM':>6}{'TC':>7}{'octets':>7}"
LOAD_COLUMNS = f"{'server':10}{'seconds':>9}{'min-max':>14}{'to ours':>8}{'cpu s':>7}{'MB':>7}{'octets/record':>14}{'after asking':>13}{'peak':>6}"

KERNEL_COLUMNS = f"{'server':10}{'lossless/s':>11}{'most/s':>9}{'in kernel':>10}{'us, all cores':>14}{'ns a hit':>9}{'ns a pass':>10}"


class Results:
    """All rows of a run; medians over rounds."""

    def __init__(self, rows):
        self.rows = rows

    def of(self, zone_set, server, mode):
        return [row for row in self.rows if (row["set"], row["server"], row["mode"]) == (zone_set, server, mode)]

    def median(self, zone_set, server, mode, key):
        """None where it was not measured."""
        values = [row[key] for row in self.of(zone_set, server, mode) if row.get(key) is not None]
        return statistics.median(values) if values else None

    def us(self, zone_set, server, mode="udp", key="us"):
        return self.median(zone_set, server, mode, key)

    def ratio(self, zone_set, mode, peer, key="us"):
        ours, theirs = self.median(zone_set, "rhizd", mode, key), self.median(zone_set, peer, mode, key)
        return ours / theirs if ours and theirs else None

    def per_record(self, zone_set, server, mode="load", key="memory"):
        memory, records = self.median(zone_set, server, mode, key), self.median(zone_set, server, mode, "records")
        return memory / records if memory else None

    def seen(self, key):
        return list(dict.fromkeys(row[key] for row in self.rows))


def _cell(value, width, digits):
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def _span(values, width=14):
    return f"{f'({min(values):.2f}-{max(values):.2f})':>{width}}"


def _to_ours(value, ours):
    return f"{value / ours:8.2f}" if ours else f"{'-':>8}"


def _query_line(results, zone_set, server, mode, ours):
    def get(key):
        return results.median(zone_set, server, mode, key)

    rows = results.of(zone_set, server, mode)
    lost, wrong = sum(row["lost"] for row in rows), sum(row["wrong"] for row in rows)
    absent = statistics.median(row["rcodes"].get("3", 0) for row in rows)
    return (f"{server:10}{get('us'):9.2f}{_span([row['us'] for row in rows])}{_to_ours(get('us'), ours)}{get('us_user'):7.2f}"
            f"{get('qps'):10.0f}{_cell(get('p50'), 7, 0)}{_cell(get('p99'), 7, 0)}{_cell(get('p999'), 7, 0)}{lost:6}{wrong:6}"
            f"{absent:6.2f}{_cell(get('truncated'), 7, 4)}{get('answer_bytes'):7.0f}")


def _load_line(results, zone_set, server, mode, ours):
    def get(key):
        return results.median(zone_set, server, mode, key)

    asked = results.per_record(zone_set, server, "asked") if mode == "load" else None
    return (f"{server if mode == 'load' else mode:10}{get('seconds'):9.2f}"
            f"{_span([row['seconds'] for row in results.of(zone_set, server, mode)])}{_to_ours(get('seconds'), ours)}"
            f"{get('processor_seconds'):7.2f}{get('memory') / 1e6:7.0f}{results.per_record(zone_set, server, mode):14.0f}"
            f"{_cell(asked, 13, 0)}{get('peak') / get('memory'):6.2f}")


def _servers(results, zone_set, mode, key):
    names = dict.fromkeys(row["server"] for row in results.rows if (row["set"], row["mode"]) == (zone_set, mode))
    return sorted(names, key=lambda name: results.median(zone_set, name, mode, key))


def tables(results):
    """The text of all tables."""
    lines = []
    for zone_set in results.seen("set"):
        for mode in results.seen("mode"):
            rows = [row for row in results.rows if (row["set"], row["mode"]) == (zone_set, mode)]
            if not rows:
                continue
            if mode == "load":
                lines += ["", f"{zone_set}: loading, {rows[0]['records']} records", LOAD_COLUMNS]
                lines += [_load_line(results, zone_set, name, mode, results.median(zone_set, "rhizd", mode, "seconds"))
                          for name in _servers(results, zone_set, mode, "seconds")]
                if results.of(zone_set, "rhizd", "load again"):
                    lines.append(_load_line(results, zone_set, "rhizd", "load again", None))
            elif "us" in rows[0]:
                lines += ["", f"{zone_set}: {mode}", UDP_COLUMNS]
                lines += [_query_line(results, zone_set, name, mode, results.us(zone_set, "rhizd", mode))
                          for name in _servers(results, zone_set, mode, "us")]
            elif mode == "kernel":
                lines += ["", f"{zone_set}: answers in the kernel, over veth", KERNEL_COLUMNS] + [_kernel_line(row) for row in rows]
            elif mode.startswith("reload"):
                lines += ["", f"{zone_set}: {mode}"] + [_reload_line(row) for row in rows]
    return "\n".join(lines)


def _kernel_line(row):
    return (f"{row['server']:10}{row['lossless']:11.0f}{row['most']:9.0f}{row['in_kernel']:10.2f}{_cell(row['all_cores_us'], 14, 2)}"
            f"{_cell(row['hit_ns'], 9, 0)}{_cell(row['pass_ns'], 10, 0)}")


def _reload_line(row):
    quiet, under = row["quiet"], row["under"]
    return (f"took {row['seconds']:.2f} s; p50 {quiet['p50']} -> {under['p50']} us, p99 {quiet['p99']} -> {under['p99']}, "
            f"p99.9 {quiet['p999']} -> {under['p999']}; lost {row['lost']}; peak of memory {row['peak'] / row['settled']:.2f} x, "
            f"settles at {row['memory'] / row['settled']:.2f} x")


# ---- the bars ----

def bars(results):
    """[(what, figure or None, bar)] in the order of the project's table; a figure above its bar misses."""
    r = results

    def growth(key):
        small, large = r.us("growth-1000", "rhizd", key=key), r.us("growth-10000000", "rhizd", key=key)
        return large / small if small and large else None

    def over(first, second):
        return first / second if first and second else None

    def peak(zone_set, mode):
        """Over the memory once every name was asked."""
        rows, settled = r.of(zone_set, "rhizd", mode), r.median(zone_set, "rhizd", "asked", "memory")
        return max(row["peak"] / settled for row in rows) if rows and settled else None

    def later(mode):
        rows = r.of("flat", "rhizd", mode)
        return max((row["under"]["p999"] - row["quiet"]["p999"] for row in rows), default=None)

    def faster(peer):
        return over(r.median("growth-1000", peer, "kernel", "lossless"), r.median("growth-1000", "rhizd-xdp", "kernel", "lossless"))

    random_growth = next(((row["memory"] - row["before"]) / 1e6 for row in r.of("delegations", "rhizd", "random names")), None)
    in_kernel = r.median("delegations", "rhizd-xdp", "kernel", "in_kernel")
    passed = 1 - in_kernel if in_kernel is not None else None
    counted = [(f"instructions per query, {label}", r.median(zone_set, "rhizd", f"instructions {mode}", "instructions"), bar)
               for label, zone_set, mode, bar in (
                   ("root", "root", "udp", 1000), ("root signed + DO", "root-signed", "do", 1500),
                   ("root, everything on", "root", "everything", 1800),
                   ("root signed, everything on", "root-signed", "everything", 1800))]
    return counted + [
        ("root: bare UDP echo / NSD (no server can be below)", over(r.us("root", "udp-echo"), r.us("root", "nsd")), None),
        ("root: cpu / NSD", r.ratio("root", "udp", "nsd"), 0.75),
        ("root: everything on / bare", over(r.us("root", "rhizd", "everything"), r.us("root", "rhizd")), 1.2),
        *((f"{name}: everything on / {mode}", over(r.us(name, "rhizd", "everything"), r.us(name, "rhizd", mode)), None)
          for name, mode in (("root-signed", "do"), ("flat", "udp"), ("delegations", "udp"), ("delegations-nsec3", "do"),
                             ("delegations-nsec", "do"), ("hosting", "udp"))),
        ("flat: cpu / gdnsd", r.ratio("flat", "udp", "gdnsd"), 0.85),
        ("flat: cpu / NSD", r.ratio("flat", "udp", "nsd"), 0.5),
        ("delegations: cpu / YADIFA", r.ratio("delegations", "udp", "yadifa"), 0.65),
        ("delegations: cpu / NSD", r.ratio("delegations", "udp", "nsd"), 0.5),
        ("delegations NSEC3 + DO: cpu / NSD", r.ratio("delegations-nsec3", "do", "nsd"), 0.6),
        ("delegations NSEC3 + DO: cpu / Knot", r.ratio("delegations-nsec3", "do", "knot"), 0.5),
        ("delegations NSEC + DO: cpu / NSD", r.ratio("delegations-nsec", "do", "nsd"), 0.6),
        ("delegations NSEC + DO: cpu / Knot", r.ratio("delegations-nsec", "do", "knot"), 0.5),
        ("100,000 zones: load / NSD", r.ratio("hosting", "load", "nsd", "seconds"), 0.35),
        ("100,000 zones: cpu / NSD", r.ratio("hosting", "udp", "nsd"), 0.5),
        ("100,000 zones: octets a record, all asked", r.per_record("hosting", "rhizd", "asked"), 150),
        ("delegations: load, s", r.median("delegations", "rhizd", "load", "seconds"), 0.8),
        ("delegations: load / YADIFA", r.ratio("delegations", "load", "yadifa", "seconds"), 0.3),
        ("delegations: load from snapshot, s", r.median("delegations", "rhizd", "load again", "seconds"), 0.1),
        ("flat: octets a record, all asked", r.per_record("flat", "rhizd", "asked"), 70),
        ("delegations: octets a record, all asked", r.per_record("delegations", "rhizd", "asked"), 70),
        ("flat: peak of load / settled", peak("flat", "load"), 2.2),
        ("delegations: peak of load / settled", peak("delegations", "load"), 2.2),
        ("flat: peak of reload / settled", peak("flat", "reload"), 2.2),
        ("flat: peak of reload on one core / settled", peak("flat", "reload pinned"), 2.2),
        ("delegations: MB that 10,000,000 random names add", random_growth, 1),
        ("flat: p99.9 while reloading, us more", later("reload"), 1000),
        ("flat: the same, all on one core, us more", later("reload pinned"), 1000),
        ("TCP: cpu / Knot", r.ratio("root", "tcp", "knot"), 0.7),
        ("TCP: cpu / bare echo", r.ratio("root", "tcp", "tcp-echo"), 1.3),
        ("TCP, 10 queries a connection: cpu / NSD", r.ratio("root", "tcpc", "nsd"), 0.8),
        ("in kernel, 1,000 names: bare XDP_TX / ours", faster("xdp-echo"), round(1 / 0.75, 2)),
        ("in kernel, 1,000 names: Knot AF_XDP / ours", faster("knot-xdp"), 0.5),
        ("in kernel, 1,000 names: ns a hit", r.median("growth-1000", "rhizd-xdp", "kernel", "hit_ns"), 300),
        ("in kernel, 1,000 names: ns added on a pass", r.median("growth-1000", "rhizd-xdp", "kernel", "pass_ns"), 80),
        ("in kernel, delegations: share that passed up", passed, 0.4),
        ("growth 1,000 to 10,000,000 names: cpu", growth("us"), 1.25),
        ("growth 1,000 to 10,000,000 names: user cpu", growth("us_user"), 2.5),
        ("workers 1 to 2: cpu per query", over(r.us("root", "rhizd", "workers 2"), r.us("root", "rhizd", "workers 1")), None),
    ]


def bars_table(results):
    """The bars with what was measured beside them; what was not measured is left out."""
    lines = [f"{'bar':52}{'figure':>9}{'bar':>8}"]
    for what, figure, bar in bars(results):
        if figure is None:
            continue
        digits = 0 if figure >= 100 else 2
        verdict = "" if bar is None else "met" if figure <= bar else "missed"
        lines.append(f"{what:52}{figure:9.{digits}f}{'-' if bar is None else f'{bar:g}':>8}  {verdict}")
    return "\n".join(lines)
