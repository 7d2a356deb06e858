"""Links in a real browser: copied at one press, the same page when opened, and in a frame no menu and no header."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.test_lessons_browser import settle

pytestmark = pytest.mark.browser

REFUSE = "Object.defineProperty(navigator, 'clipboard', {value: null}); document.execCommand = () => false"
ALLOWED = ["clipboard-read", "clipboard-write"]


def words_of(address):
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def copy(tab):
    """What "Copy link" says it has done."""
    tab.get_by_role("button", name="Copy link").click()
    said = tab.get_by_role("dialog").get_by_role("status")
    said.filter(has_text=".").wait_for()
    return said.inner_text()


def test_one_press_copies_what_opens_the_same_page(page, lab):
    page.context.grant_permissions(ALLOWED, origin=lab)
    page.goto(f"{lab}/numbers?S=50&hide=c1")
    settle(page)
    page.get_by_role("slider", name="Spread").first.press("Home")
    settle(page)
    assert copy(page) == "Copied."
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == page.get_by_role("textbox", name="Address").input_value()
    assert address.startswith(f"{lab}/numbers?")
    words = words_of(address)
    assert (words["S"], words["spread"], words["hide"]) == ("50", "0", "c1")
    page.goto(address)
    settle(page)
    assert copy(page) == "Copied."
    assert page.evaluate("navigator.clipboard.readText()") == address


def test_browser_that_refuses_gets_the_address_selected(page, lab):
    page.goto(f"{lab}/numbers")
    settle(page)
    page.evaluate(REFUSE)
    assert "press Ctrl+C" in copy(page)
    text = page.get_by_role("textbox", name="Address")
    assert text.evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd) === e.value && e.value.length > 0")


def test_page_in_a_frame_has_neither_menu_nor_header_and_its_links_keep_that(page, lab):
    def is_bare():
        return not any(page.get_by_test_id(name).is_visible() for name in ("stSidebar", "stHeader", "stMainMenu"))

    page.goto(f"{lab}/numbers?embed=true&hide=tasks")
    settle(page)
    assert is_bare()
    page.get_by_role("link", name="On to").click()
    page.locator("h1").filter(has_text="In code").wait_for()
    settle(page)
    assert is_bare()
    assert words_of(page.url) == {"embed": "true", "hide": "tasks"}
    assert page.get_by_text("Try this", exact=True).count() == 0
