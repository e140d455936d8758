"""``init`` and ``simulate``: making a home, empty or with a city's year in it."""

import time
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.domain.division import is_division_code
from ledger.domain.errors import InvalidValue, UnknownDivision
from ops.cli.catalog import adopt_catalog, tell_differences
from ops.cli.measuring import MetricsAddress, MetricsPort, measured
from ops.cli.output import stages
from ops.cli.session import Session, command, must_be_whole
from ops.home import Home
from ops.home_file import StoreKind
from projections.figures import load_figures

if TYPE_CHECKING:
    from ops.metrics import Metrics

app = typer.Typer()

Seed = Annotated[int, typer.Option(help="随机种子 | Seed: the same one gives the same bytes")]
Scale = Annotated[
    str, typer.Option(help="城市规模,0.01至10 | Share of the real city, from 0.01 to 10")
]
Year = Annotated[int, typer.Option(help="年度 | Fiscal year")]
StoreOption = Annotated[
    StoreKind,
    typer.Option(
        "--store",
        help="事件存放处(postgres:BENEFITS_DATABASE_URL,或本机PostgreSQL)"
        " | Where events are kept (postgres: BENEFITS_DATABASE_URL, or the home's own server)",
    ),
]


@command(app, "init", help="建立账本目录并采用项目目录 | Make a home and adopt the catalog")
def init(
    session: Session,
    operator: Annotated[
        str, typer.Option(help="机构区划代码 | The operator's division")
    ] = "220200",
    store: StoreOption = "sqlite",
) -> None:
    """Safe to run again: what is adopted already stays as it is; a database is brought up."""
    if not is_division_code(operator):
        raise UnknownDivision(division=operator)
    must_be_whole(session.home)
    home = Home.create(session.home, operator=operator, store=store)
    try:
        done = adopt_catalog(home)
    finally:
        home.close()
    if session.json:
        session.out.document({"home": str(session.home), "operator": operator, **done})
    else:
        session.out.line(session.say("made-home", home=session.home, operator=operator))
        session.out.line(session.say("adopted", **done))
    tell_differences(session, done)


@command(app, "simulate", help="模拟一个年度 | Simulate a city's year")
def simulate(
    session: Session,
    seed: Seed = 2017,
    scale: Scale = "1",
    year: Year = 2017,
    store: StoreOption = "sqlite",
    *,
    plant: Annotated[
        bool,
        typer.Option(
            "--plant", help="其后植入已知数量的各类疑点 | Then plant a known number of each finding"
        ),
    ] = False,
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
) -> None:
    """Makes the home where there is none; one that was interrupted goes on where it stopped."""
    with measured(session, metrics_port, metrics_address, "ledger") as metrics:
        home, seconds, events = simulated(session, seed, scale, year, store, metrics=metrics)
    settings: dict[str, Any] = {"seed": seed, "scale": scale, "year": year}
    try:
        if plant:
            from ops.simulation.planting import plant as planted

            settings["planted"] = len(planted(home))
            events = home.feed.end()
    finally:
        home.close()
    if session.json:
        session.out.document({"home": str(session.home), "events": events, **settings})
    else:
        session.out.line(
            session.say("simulated", events=events, seconds=seconds, home=session.home)
        )
        if plant:
            session.out.line(session.say("planted", n=settings["planted"]))


def simulated(
    session: Session,
    seed: int,
    scale: str,
    year: int,
    store: StoreKind,
    *,
    metrics: "Metrics | None" = None,
) -> tuple[Home, float, int]:
    """The home, open, with its year in it; how long that took; the number of events."""
    from ops import simulation

    load_figures(year)
    share_of(scale)
    must_be_whole(session.home)
    home = Home.create(
        session.home, operator="220200", seed=seed, scale=scale, year=year, store=store
    )
    if metrics is not None:
        from ops.observing import LedgerMetrics

        home.observer = LedgerMetrics(metrics)
    start = time.monotonic()
    try:
        with stages(session.lang) as report:
            simulation.run(
                home, lambda stage, done, total: report(stage_text(session, stage), done, total)
            )
        return home, time.monotonic() - start, home.feed.end()
    except BaseException:
        home.close()
        raise


def stage_text(session: Session, stage: str) -> str:
    """``模拟 2017-03``; a stage named in both languages is shown in the session's."""
    zh, _, en = stage.partition(" / ")
    return f"{session.say('simulating')} {session.pick(zh, en or zh)}"


def share_of(scale: str) -> Fraction:
    """A scale as it is written. Raises :class:`InvalidValue` outside what can be simulated."""
    from ops.simulation import LARGEST, SMALLEST

    try:
        share = Fraction(scale)
    except (ValueError, ZeroDivisionError) as error:
        raise InvalidValue(field="scale", value=scale) from error
    if not SMALLEST <= share <= LARGEST:
        raise InvalidValue(field="scale", value=f"{scale} ({float(SMALLEST)}..{LARGEST})")
    return share
