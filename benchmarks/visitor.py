"""A browser tab as the server sees it: a websocket that speaks Streamlit's protocol, without a browser.

A `Visitor` opens a page by its link, presses a button by its label and then lives as a tab does: each `AutoRerun`
message sets a timer that asks for its fragment again and again, a run of the whole page clears all timers, and large
messages that came before are not sent again (the browser keeps them, and says which). It draws nothing; of the live
chart it counts the points, and asks for all of them when some are missing, as the chart's own code does. Controls that
were not touched are not sent back, as the server knows their values; a browser does send them.

What is private in Streamlit is pinned with it: this speaks to the version in `requirements.txt`.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.answers import WHOLE_PAGE, Answers, Rerun
from benchmarks.chart_points import ChartPoints

CHART = "live_chart"  # part of the name of the component that draws a run
SUBPROTOCOLS = ["streamlit", "PLACEHOLDER_AUTH_TOKEN"]  # what a browser without a log-in says
TRIGGERS = "$$STREAMLIT_INTERNAL_KEY_{}__events"  # the widget that hears a component's triggers
RESYNC = json.dumps([{"event": "resync", "value": {}}])
UNANSWERED_AFTER = 30.0  # seconds


class Visitor:
    """One tab; `failures` are sentences, and a session without any has not failed.

    Args:
        address: of the server, as `http://127.0.0.1:8501`.
        every: seconds between two requests of a timer; None for what the app asks for.
        chart: part of the name of the component that draws a run.
    """

    def __init__(self, address: str, every: float | None = None, chart: str = CHART):
        self.address, self.every, self.chart = address, every, chart
        self.failures: list[str] = []
        self.warnings: set[str] = set()
        self.heard: Counter[str] = Counter()  # bytes by the kind of message
        self.buttons: dict[str, tuple[str, bool]] = {}
        self.points, self._answers = ChartPoints(), Answers()
        self._socket = self._listener = self._asking = None
        self._connected = self._closing = False
        self._changed = asyncio.Event()
        self._kept: dict[str, ForwardMsg] = {}
        self._timers: dict[str, tuple[asyncio.Task, float]] = {}
        self._page = self._query = ""

    @property
    def reruns(self) -> list[Rerun]:
        """All requests that have been answered."""
        return self._answers.reruns

    async def open(self, page: str, source: str | None = None, patience: float = 60.0) -> float:
        """Come by the page's link, from the address `source`; the seconds until the page was complete.

        Raises:
            OSError, TimeoutError, WebSocketException: there is no connection.
        """
        here = {"local_addr": (source, 0)} if source else {}
        place = self.address.replace("http", "ws", 1) + "/_stcore/stream"
        plain = {"compression": None, "max_size": None, "proxy": None}  # as the server has it, and no way round
        self._socket = await connect(place, origin=self.address, subprotocols=SUBPROTOCOLS, **plain, **here)
        self._connected = True
        self._listener = asyncio.create_task(self._listen())
        start = time.perf_counter()
        await self._ask(WHOLE_PAGE, page_name=page)
        if not await self._until(lambda: self.reruns, patience):
            self.fail(f"no page within {patience:g} s")
        return time.perf_counter() - start

    async def press(self, label: str, patience: float = 10.0) -> None:
        """Press the first button whose label begins so; from now on another run's first point is waited for."""
        found = await self._until(lambda: self._button(label), patience)
        if not found:
            self.fail(f"no button “{label}” that can be pressed")
            return
        self.points.watch()
        await self._ask(WHOLE_PAGE, trigger={"id": found, "trigger_value": True})

    async def first_within(self, patience: float) -> float | None:
        """The seconds from the press to the first point of the new run; None if there is none in time."""
        return await self._until(lambda: self.points.first_point, patience)

    def spread(self, part: float) -> None:
        """Set all timers anew, as if they had begun at another moment: `part` of their interval from now."""
        for fragment in list(self._timers):
            self._set_timer(fragment, self._timers[fragment][1], part)

    async def close(self) -> None:
        """Close the tab; a request that was not answered for long is a failure."""
        self._closing = True
        self._stop(list(self._timers))
        if self._answers.waiting() > UNANSWERED_AFTER:
            self.fail(f"a request was not answered within {UNANSWERED_AFTER:g} s")
        if self._listener:
            await self._socket.close()
            await self._listener

    def fail(self, what: str) -> None:
        """Note a failure, once."""
        if what not in self.failures:
            self.failures.append(what)

    # --- what the tab says -------------------------------------------------------------------------------------------

    async def _ask(self, fragment, page_name="", trigger=None, timed=False):
        """Ask for a run of a fragment or of the page; `trigger` is the state of a widget that was used."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.page_name = self._query, self._page, page_name
        state.fragment_id, state.is_auto_rerun = fragment, timed
        state.cached_message_hashes.extend(self._kept)
        state.context_info.timezone, state.context_info.locale = "Europe/London", "en-GB"
        state.context_info.url, state.context_info.color_scheme = f"{self.address}/{page_name}", "light"
        if trigger:
            state.widget_states.widgets.add(**trigger)
        self._answers.ask(fragment, timed)
        with contextlib.suppress(WebSocketException):  # the listener takes note of a lost connection
            await self._socket.send(message.SerializeToString())

    def _set_timer(self, fragment, interval, part=1.0):
        self._stop([fragment])
        task = asyncio.create_task(self._tick(fragment, self.every or interval, part))
        self._timers[fragment] = task, interval

    async def _tick(self, fragment, interval, part):
        await asyncio.sleep(part * interval)
        while True:
            await self._ask(fragment, timed=True)
            await asyncio.sleep(interval)

    def _stop(self, fragments):
        for fragment in fragments:
            if fragment in self._timers:
                self._timers.pop(fragment)[0].cancel()

    def _button(self, label):
        return next((one for text, (one, off) in self.buttons.items() if text.startswith(label) and not off), None)

    async def _until(self, check, patience):
        """What `check` answers once it is true; None if the time is up or the connection is lost."""
        end = time.perf_counter() + patience
        while not (answer := check()) and self._connected and time.perf_counter() < end:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), end - time.perf_counter())
        return answer or None

    # --- what the tab hears ------------------------------------------------------------------------------------------

    async def _listen(self):
        try:
            async for data in self._socket:
                message = ForwardMsg.FromString(data)
                self.heard[message.WhichOneof("type")] += len(data)
                self._hear(message)
                self._changed.set()
        except WebSocketException:
            pass
        except Exception as error:  # of this program: then what it measures is worth nothing
            self.fail(f"a message was not understood: {error!r}")
        if not self._closing:
            self.fail("the connection was lost")
        self._connected = False
        self._changed.set()
        self._stop(list(self._timers))

    def _hear(self, message):
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            self._hear(self._kept[message.ref_hash])
            return
        if message.metadata.cacheable:
            self._kept[message.hash] = message
        if kind == "new_session":
            self._hear_begin(list(message.metadata.run.fragment_ids))
        elif hear := getattr(self, f"_hear_{kind}", None):
            hear(getattr(message, kind))

    def _hear_begin(self, fragments):
        self._answers.begin(fragments)
        if not fragments:
            self.buttons.clear()
            self._stop(list(self._timers))

    def _hear_script_finished(self, status):
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.fail("the script could not be compiled")
        self._answers.end(early=status == ForwardMsg.FINISHED_EARLY_FOR_RERUN)

    def _hear_auto_rerun(self, order):
        self._set_timer(order.fragment_id, order.interval)

    def _hear_stop_auto_rerun(self, order):
        self._stop(order.fragment_ids)

    def _hear_navigation(self, menu):
        self._page = menu.page_script_hash

    def _hear_page_info_changed(self, page):
        self._query = page.query_string

    def _hear_page_not_found(self, page):
        self.fail(f"there is no page {page.page_name!r}")

    def _hear_delta(self, delta):
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.fail(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == Alert.ERROR:
            self.fail(f"the page says: {element.alert.body}")
        elif kind == "alert" and element.alert.format == Alert.WARNING:
            self.warnings.add(element.alert.body)
        elif kind == "button":
            self.buttons[element.button.label] = (element.button.id, element.button.disabled)
        elif kind == "bidi_component" and self.chart in element.bidi_component.component_name:
            self._hear_chart(element.bidi_component, delta.fragment_id)

    def _hear_chart(self, chart, fragment):
        packet = json.loads(chart.mixed.json or chart.json)
        if not self.points.hear(packet) and self.points.may_resync():
            trigger = {"id": TRIGGERS.format(chart.id), "json_trigger_value": RESYNC}
            self._asking = asyncio.create_task(self._ask(fragment, trigger=trigger))
