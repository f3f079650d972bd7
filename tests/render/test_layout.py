"""How pages and tables are laid out: every width, styles, and what is never broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.render import Format, render
from lossctl.render.grid import table_lines
from lossctl.render.layout import cell_width, page_lines
from lossctl.report import (
    Code,
    Column,
    Command,
    Commands,
    Entries,
    Entry,
    Item,
    Name,
    Page,
    Paragraph,
    Points,
    Section,
    Snippet,
    Table,
    as_fields,
    joined,
    prose,
)

LONG = "a sentence with many short words that goes on until it has to be folded"


def page(*items: Item) -> Page:
    return Page("title", {}, (Section("Heading", items),))


def lines(width: int, *items: Item) -> list[str]:
    """Lay items out, without the title, the heading, and the indentation of the section."""
    laid_out = list(render(page(*items), Format.TEXT, 6, width))
    assert laid_out[:3] == ["title", "", "Heading"]
    assert all(line == "" or line.startswith("  ") for line in laid_out[3:])
    return [line[2:] for line in laid_out[3:]]


def markdown(*items: Item) -> list[str]:
    laid_out = "\n".join(render(page(*items), Format.MARKDOWN)).split("\n")
    assert laid_out[:4] == ["## title", "", "### Heading", ""]
    return laid_out[4:]


# text


def test_prose_is_folded_at_spaces_only():
    assert lines(32, Paragraph(LONG)) == [
        "a sentence with many short",
        "words that goes on until it",
        "has to be folded",
    ]
    assert lines(12, Paragraph("a classification-binary-default rule")) == [
        "a",
        "classification-binary-default",
        "rule",
    ]


def test_prose_is_never_wider_than_can_be_read():
    assert max(map(len, lines(160, Paragraph(LONG * 5)))) in range(85, 99)


def test_code_and_names_are_not_broken():
    text = ("see ", Code("lossctl recommend --task regression"), " on ", Name("two words"), ".")
    assert lines(20, Paragraph(text)) == [
        "see",
        "`lossctl recommend --task regression`",
        "on two words.",
    ]


def test_two_paragraphs_are_parted():
    assert lines(80, Paragraph("one"), Paragraph("two")) == ["one", "", "two"]


def test_points_hang():
    assert lines(24, Points((LONG[:37], "short"))) == [
        "- a sentence with many",
        "  short words that",
        "- short",
    ]


ENTRIES = Entries((Entry(Name("mse"), LONG), Entry(Code("--delta 1"), "short")))


def test_texts_stand_beside_names_where_there_is_room():
    assert lines(60, ENTRIES) == [
        "mse        a sentence with many short words that goes on",
        "           until it has to be folded",
        "--delta 1  short",
    ]


def test_texts_stand_below_names_that_are_too_long_for_their_column():
    assert lines(40, ENTRIES) == [
        "mse  a sentence with many short words",
        "     that goes on until it has to be",
        "     folded",
        "--delta 1",
        "     short",
    ]


def test_texts_stand_below_all_names_where_there_is_no_room():
    assert lines(34, ENTRIES) == [
        "mse",
        "    a sentence with many short",
        "    words that goes on until it",
        "    has to be folded",
        "--delta 1",
        "    short",
    ]


def test_a_long_list_of_names_is_folded_between_names():
    names = joined(map(Name, ["binary_cross_entropy", "binary_focal", "brier"]))
    assert lines(40, Entries((Entry(names, "why"),))) == [
        "binary_cross_entropy, binary_focal,",
        "  brier",
        "    why",
    ]


def test_numbers_stand_before_ranked_entries():
    entries = tuple(Entry(Name(f"loss_{number}"), "why") for number in range(1, 11))
    assert lines(80, Entries(entries, numbered=True))[8:] == [
        " 9  loss_9   why",
        "10  loss_10  why",
    ]


def test_details_stand_below_what_they_belong_to():
    inner = Entries((Entry(Code("--a"), "one"), Entry(Code("--bc"), "two")))
    beside = Entry("name", "text", (Paragraph("detail"), inner))
    assert lines(80, Entries((beside,))) == [
        "name  text",
        "      detail",
        "      --a   one",
        "      --bc  two",
    ]
    assert lines(80, Entries((Entry("a question?", details=(inner,)),))) == [
        "a question?",
        "    --a   one",
        "    --bc  two",
    ]


def test_commands_stay_on_one_line_and_remarks_are_comments():
    command = "lossctl compute huber PREDICTIONS TARGETS --delta 1.5"
    assert lines(30, Commands((Command(command, LONG[:40]), Command("lossctl list")))) == [
        command,
        "# a sentence with many short",
        "# words that go",
        "lossctl list",
    ]


def test_snippets_keep_their_lines():
    assert lines(20, Snippet(">>> huber(1)\n\n  array([0.125, 0.125, 0.125])")) == [
        ">>> huber(1)",
        "",
        "  array([0.125, 0.125, 0.125])",
    ]


def test_wide_characters_take_two_columns():
    assert lines(40, Entries((Entry("損失", "one"), Entry("loss", "two")))) == [
        "損失  one",
        "loss  two",
    ]


PROSE = st.text(st.sampled_from("ab-_ é損\x1b"), max_size=12)
WORDS = st.text(st.sampled_from("ab-_é損\x1b"), min_size=1, max_size=12)
TEXTS = st.lists(PROSE | st.builds(Code, WORDS) | st.builds(Name, WORDS), max_size=8).map(tuple)


@given(TEXTS, st.integers(20, 120))
def test_no_word_is_lost_or_broken_and_only_single_words_stick_out(text, width):
    written = "".join(
        f"`{part.text}`" if isinstance(part, Code) else getattr(part, "text", part) for part in text
    )
    laid_out = lines(width, Paragraph(text))
    assert " ".join(laid_out).split() == written.replace("\x1b", "\\x1b").split()
    for line in laid_out:
        assert cell_width(line) <= min(width, 100) - 2 or len(line.split()) == 1


# styles


def test_styles_mark_title_headings_names_and_code():
    styled = page_lines(page(Paragraph(("a ", Name("mse"), " and ", Code("--x")))), 80)
    pieces = [(text, style) for line in styled for text, style in line if text and style]
    assert pieces == [
        ("title", "title"),
        ("Heading", "heading"),
        ("mse", "name"),
        ("`--x`", "code"),
    ]


# Markdown


def test_markdown_has_lists_code_and_paragraphs():
    items = (
        Paragraph(("Use ", Name("mse"), " with ", Code("a`b"), " or |x|.")),
        Points(("one", ("see ", Code("--x")))),
        Entries((Entry(Name("mse"), "first"), Entry("label", "second")), numbered=True),
        Commands((Command("lossctl list", "a remark"),)),
        Snippet("```\nx", "python"),
    )
    assert markdown(*items) == [
        "Use `mse` with `` a`b `` or \\|x\\|.",
        "",
        "- one",
        "- see `--x`",
        "",
        "1. `mse`: first",
        "2. **label**: second",
        "",
        "```sh",
        "lossctl list",
        "# a remark",
        "```",
        "",
        "````python",
        "```",
        "x",
        "````",
    ]


def test_markdown_nests_details_in_their_entry():
    details = (Paragraph("detail"), Snippet("code"), Entries((Entry(Code("--a"), "text"),)))
    assert markdown(Entries((Entry("name", details=details),))) == [
        "- **name**",
        "    - detail",
        "    ```text",
        "    code",
        "    ```",
        "    - `--a`: text",
    ]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("*bold* _not_ snake_case", "\\*bold\\* \\_not\\_ snake_case"),
        ("[a](b) <i> & @me", "\\[a\\](b) &lt;i&gt; &amp; &#64;me"),
        ("# 1. a", "\\# 1. a"),
        ("1. a", "1\\. a"),
        ("- a", "\\- a"),
        ("-1 - a", "-1 - a"),
        ("$x$ ~y~ `z", "&#36;x&#36; &#126;y&#126; \\`z"),
        ("https://x.org", "https&#58;//x.org"),
        ("\x1b[31m", "\\\\x1b\\[31m"),
    ],
)
def test_markdown_reads_nothing_in_prose(text, escaped):
    assert markdown(Paragraph(text)) == [escaped]


# tables on a terminal


def grid(table: Table, width: int) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in table_lines(table, 6, width)]


RULES = Table(
    "rules",
    (Column("rule"), Column("when"), Column("line", "count")),
    [
        ("regression-outliers", "task regression, outliers, need same_unit_as_target", 1234),
        ("short", "always", 1),
    ],
    "rule",
)


def test_a_table_that_fits_is_in_columns():
    assert grid(RULES, 100) == [
        "rule                 when                                                  line",
        "regression-outliers  task regression, outliers, need same_unit_as_target  1,234",
        "short                always                                                   1",
    ]


def test_long_texts_are_folded_and_words_are_not():
    assert grid(RULES, 60) == [
        "rule                 when                               line",
        "regression-outliers  task regression, outliers, need   1,234",
        "                     same_unit_as_target",
        "short                always                                1",
    ]


def test_where_columns_do_not_fit_each_row_is_a_block():
    assert grid(RULES, 44) == [
        "regression-outliers",
        "    when  task regression, outliers, need",
        "          same_unit_as_target",
        "    line  1,234",
        "short",
        "    when  always",
        "    line  1",
    ]


def test_the_column_that_is_the_result_and_what_failed_are_marked():
    table = Table(
        "results",
        (Column("loss"), Column("passed", "flag")),
        [("mse", False), ("mae", True)],
        "loss",
    )
    pieces = [(text, style) for line in table_lines(table, 6, 80) for text, style in line if style]
    assert pieces == [
        ("loss", "heading"),
        ("passed", "heading"),
        ("mse", "name"),
        ("FAILED", "failed"),
        ("mae", "name"),
    ]


def test_a_table_without_rows_has_its_heading():
    assert grid(Table("n", (Column("rule"), Column("line", "count")), []), 80) == ["rule  line"]


# the content


def test_prose_marks_what_stands_between_backticks():
    assert prose("a  b\n`c` d") == ("a b ", Code("c"), " d")
    assert prose("a ` b") == "a ` b"
    assert prose("") == ()


def test_fields_are_what_json_can_hold():
    entry = Entry(Name("a"), "b", (Paragraph("c"),))
    assert as_fields(entry) == {"name": {"text": "a"}, "text": "b", "details": [{"text": "c"}]}
    assert as_fields({"a": frozenset("ba"), "b": (1, None)}) == {"a": ["a", "b"], "b": [1, None]}
