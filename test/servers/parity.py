"""How two engines' tables are compared: row by row, and Silver with its lineage."""
import duckdb


def only_in(one, other, columns, limit=5):
    """Rows of two tables (pyarrow) that only one of them has, how often they stand there included."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("one", one)
        db.register("other", other)
        names = ", ".join(f'"{name}"' for name in columns)
        return [db.execute(f"SELECT {names} FROM {a} EXCEPT ALL SELECT {names} FROM {b} LIMIT {limit}").fetchall()
                for a, b in (("one", "other"), ("other", "one"))]


def silver_differences(one, other, bronze):
    """What is wrong with two Silver tables of one topic: sentences, none when all is right.

    Every column of a row must be the same in both. Of messages that came more than once each engine may keep another
    one: then both rows stand for the very same bytes in Bronze, and all but the place is the same.
    """
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        for name, table in (("one", one), ("other", other), ("bronze", bronze)):
            db.register(name, table.select(one.column_names) if name == "other" else table)
        for a, b in (("one", "other"), ("other", "one")):
            db.execute(f"CREATE TABLE {a}_left AS SELECT * FROM {a} EXCEPT ALL SELECT * FROM {b}")
            db.execute(f"""CREATE TABLE {a}_kept AS
                SELECT l.* EXCLUDE ("offset"), b.value
                FROM {a}_left l LEFT JOIN bronze b ON (l.topic, l."partition", l."offset") = (b.topic, b."partition", b."offset")""")
        found = [f"the row of one place is not the same: {row}" for row in db.execute("""
            SELECT * FROM (FROM one_left UNION ALL FROM other_left)
            WHERE (topic, "partition", "offset") IN (SELECT (topic, "partition", "offset") FROM one_left)
              AND (topic, "partition", "offset") IN (SELECT (topic, "partition", "offset") FROM other_left)
            ORDER BY "partition", "offset" LIMIT 4""").fetchall()]
        for a, b in (("one", "other"), ("other", "one")):
            found += [f"only in {a}, and no duplicate of what the other kept: {row}" for row in db.execute(
                f"SELECT * FROM {a}_kept WHERE value IS NULL UNION ALL "
                f"(SELECT * FROM {a}_kept EXCEPT ALL SELECT * FROM {b}_kept) LIMIT 4").fetchall()]
        return found
