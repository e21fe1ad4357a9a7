from launcher.help_page import PAGE, render


def test_the_page_is_what_the_commands_say():
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"
