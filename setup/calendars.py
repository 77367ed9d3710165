#!/usr/bin/env python3
"""calendars.py [--check] [--only NAME…]: makes src/market/calendar_data.inc, the sessions of the world's exchanges, from
the package exchange_calendars (test/requirements.txt pins it); --check compares instead, and exits 1 where they differ.

The format is described in src/market/calendar.h. Regular hours only: pre-market and after-hours are not in it.
"""
import argparse
import sys
from datetime import date, datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import exchange_calendars as ec

OUT = Path(__file__).resolve().parent.parent / "src/market/calendar_data.inc"
FIRST, LAST = date(2015, 1, 1), date(2027, 12, 31)

# Calendar: where it may not begin in 2015 or reach 2027; the suffixes of Yahoo's tickers; Yahoo's exchange codes.
EXCHANGES = {
    "XNYS": (".", "NYQ NMS NGM NCM ASE PCX BTS PNK OQB OQX OBB OTC YHD SNP DJI NIM WCB CBO CXI"),
    "BVMF": (".SA", "SAO"),
    "XLON": (".L .IL", "LSE IOB FGI"),
    "XETR": (".DE", "GER"),
    "XFRA": (".F .BE .DU .HM .HA .MU .SG", "FRA BER DUS HAM HAN MUN STU"),
    "XPAR": (".PA .NX", "PAR ENX"),
    "XAMS": (".AS", "AMS"),
    "XBRU": (".BR", "BRU"),
    "XLIS": (".LS", "LIS"),
    "XMIL": (".MI", "MIL"),
    "XMAD": (".MC", "MCE"),
    "XSWX": (".SW", "EBS"),
    "XWBO": (".VI", "VIE"),
    "XDUB": (".IR", "ISE"),
    "XCSE": (".CO", "CPH"),
    "XSTO": (".ST", "STO"),
    "XHEL": (".HE", "HEL"),
    "XOSL": (".OL", "OSL"),
    "XICE": (".IC", "ICE"),
    "XWAR": (".WA", "WSE"),
    "XPRA": (".PR", "PRA"),
    "XBUD": (".BD", "BUD"),
    "XIST": (".IS", "IST"),
    "XJSE": (".JO", "JNB"),
    "XTKS": (".T", "JPX TYO OSA"),
    "XHKG": (".HK", "HKG"),
    "XSHG": (".SS .SZ", "SHH SHZ"),
    "XKRX": (".KS .KQ", "KSC KOE"),
    "XTAI": (".TW .TWO", "TAI TWO"),
    "XSES": (".SI", "SES"),
    "XBOM": (".BO .NS", "BSE NSI"),
    "XIDX": (".JK", "JKT"),
    "XKLS": (".KL", "KLS"),
    "XBKK": (".BK", "SET"),
    "XASX": (".AX", "ASX"),
    "XNZE": (".NZ", "NZE"),
    "XTSE": (".TO .V .CN .NE", "TOR VAN CNQ NEO"),
    "XMEX": (".MX", "MEX"),
    "XBUE": (".BA", "BUE"),
    "XSGO": (".SN", "SGO"),
    "CMES": ("=F", "CME CBT NYM CMX"),
    "FX": ("=X", "CCY"),
    "ALWAYS": ("", "CCC"),
}
# What recorded holidays do not reach to the end.
ENDS = {"XSHG": date(2026, 12, 31), "XBOM": date(2026, 12, 31), "XSES": date(2026, 12, 31)}
INDICES = {
    "BVMF": "^BVSP ^IBX50", "XLON": "^FTSE ^FTMC", "XETR": "^GDAXI ^MDAXI ^STOXX50E", "XPAR": "^FCHI", "XAMS": "^AEX",
    "XBRU": "^BFX", "XSWX": "^SSMI", "XTKS": "^N225", "XHKG": "^HSI ^HSCE", "XKRX": "^KS11 ^KQ11", "XTAI": "^TWII",
    "XBOM": "^BSESN ^NSEI", "XIDX": "^JKSE", "XKLS": "^KLSE", "XASX": "^AXJO ^AORD", "XNZE": "^NZ50",
    "XTSE": "^GSPTSE", "XMEX": "^MXX", "XBUE": "^MERV", "XMIL": "^FTSEMIB", "XMAD": "^IBEX", "XSES": "^STI",
}


def days(first, last):
    return (first + timedelta(n) for n in range((last - first).days + 1))


def exchange_sessions(name):
    """(zone, first, last, {day: (open, close[, break, its end])}) in UTC minutes from the day's midnight."""
    last = ENDS.get(name, LAST)
    calendar = ec.get_calendar(name, start=FIRST.isoformat(), end=last.isoformat())
    sessions = {}
    for day, row in calendar.schedule.iterrows():
        # Strict: a missing break is NaT.
        times = [row["open"], row["close"], row["break_start"], row["break_end"]]
        sessions[day.date()] = tuple(int((t.tz_localize(None) - day).total_seconds()) // 60 for t in times if t == t)
    return str(calendar.tz), FIRST, last, sessions


def fx_sessions():
    """Currencies trade from Sunday to Friday, 17:00 in New York; a day begins at 17:00 of the day before."""
    new_york, sessions = ZoneInfo("America/New_York"), {}
    for day in days(FIRST, LAST):
        if day.weekday() < 5:
            midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
            ends = (datetime(d.year, d.month, d.day, 17, tzinfo=new_york) for d in (day - timedelta(1), day))
            sessions[day] = tuple(int((t - midnight).total_seconds()) // 60 for t in ends)
    return "America/New_York", FIRST, LAST, sessions


def clock(minutes):
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def regular_hours(sessions):
    """[(first day, hours)]: the hours of most sessions of each stretch, told apart from half days by majority."""
    ordered = sorted(sessions)
    runs = []
    for i, day in enumerate(ordered):
        around = [sessions[d] for d in ordered[max(0, i - 3):i + 4]]
        here = sessions[day]
        if (not runs or runs[-1][1] != here) and around.count(here) >= 4:
            runs.append((day, here))
    return runs


def encode(name, zone, first, last, sessions):
    lines = [f"calendar {name} {zone} {first} {last}"]
    runs = regular_hours(sessions)
    for i, (day, hours) in enumerate(runs):
        lines.append(f"hours {first if i == 0 else day} " + " ".join(map(clock, hours)))
    closed, special = {}, []
    run = 0
    for day in days(first, last):
        while run + 1 < len(runs) and runs[run + 1][0] <= day:
            run += 1
        if day.weekday() < 5 and day not in sessions:
            closed.setdefault(day.year, []).append(day.strftime("%m-%d"))
        elif day in sessions and (day.weekday() >= 5 or sessions[day] != runs[run][1]):
            special.append(f"session {day} " + " ".join(map(clock, sessions[day])))
    lines += [f"closed {year} " + " ".join(those) for year, those in closed.items()]
    return lines + special


def make(only):
    lines = [f"# Made by setup/calendars.py from exchange_calendars {version('exchange_calendars')}.",
             f"version exchange_calendars-{version('exchange_calendars')}"]
    for name, (suffixes, codes) in EXCHANGES.items():
        if only and name not in only:
            continue
        if name == "ALWAYS":
            lines.append("calendar ALWAYS UTC always")
        else:
            lines += encode(name, *(fx_sessions() if name == "FX" else exchange_sessions(name)))
        lines += [f"suffix {suffix} {name}" for suffix in suffixes.split()]
        lines += [f"exchange {code} {name}" for code in codes.split()]
        lines += [f"ticker {index} {name}" for index in INDICES.get(name, "").split()]
    return lines


def part(lines, names):
    """The lines of these calendars alone, as a set of blocks."""
    blocks, name = {}, None
    for line in lines:
        if line.startswith("calendar "):
            name = line.split()[1]
        if name in names:
            blocks.setdefault(name, []).append(line)
    return blocks


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--only", nargs="*", choices=list(EXCHANGES), help="with --check: these calendars")
    options = arguments.parse_args()
    if not options.check:
        OUT.write_text('R"calendars(' + "\n".join(make(None)) + '\n)calendars"\n')
        return 0
    names = options.only or list(EXCHANGES)
    stored = OUT.read_text().removeprefix('R"calendars(').removesuffix(')calendars"\n').splitlines()
    have, want = part(stored, names), part(make(names), names)
    wrong = [name for name in names if have.get(name) != want.get(name)]
    for name in wrong:
        lines = sorted(set(have.get(name, [])) ^ set(want[name]))
        print(f"{OUT.name}: {name} differs from exchange_calendars:", *lines[:10], sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
