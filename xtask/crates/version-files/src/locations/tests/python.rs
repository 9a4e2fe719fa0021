//! Python modules: what is the assignment, what only looks like it, and what cannot be edited.

use super::{refusal, sites};
use crate::locations::{Locator, locate};

#[test]
fn the_assignment_is_found_however_it_is_written() {
    for text in [
        "__version__ = \"1.2.0\"\n",
        "__version__='1.2.0'",
        "\u{feff}__version__ = '1.2.0'\r\n",
        "__version__: str = \"1.2.0\"  # was \"1.1.0\"\n",
        "__version__: Final[str] = \"1.2.0\"\n",
        "__version__: \"Final\" = '''1.2.0'''\n",
        "__version__ = u'1.2.0'\n",
        "__version__ = r\"1.2.0\"\n",
        "__version__ = \\\n  '1.2.0'\n",
        "__version__ = version = '1.2.0'\n",
        "version = __version__ = '1.2.0'\n",
        "\"\"\"Doc → ü.\r\n__version__ = \"0.0.1\"\r\n\"\"\"\r\n__version__ = \"1.2.0\"\r\n",
        "'''it''s\n__version__ = \"0.0.1\"\n'''\n__version__ = '1.2.0'",
        "r'\\'\n# __version__ = '0'\n__version__ = '1.2.0'\n"
            .replacen("r'\\'", "r'\\''", 1)
            .as_str(),
        "x = '\\\n__version__ = \"0.0.1\"'\n__version__ = '1.2.0'\n",
        "x = (\n1,\n)\n__version__ = '1.2.0'\n",
        "f(\n__version__ = '0.0.1',\n)\n__version__ = '1.2.0'\n",
        "class X:\n    __version__ = '0.0.1'\n__version__ = '1.2.0'\n",
        "x.__version__ = '0.0.1'\nseen = __version__\n__version__ = '1.2.0'\n",
        "def f(__version__='0.0.1'): return __version__\n__version__ = '1.2.0'\n",
        "if __version__ == '0.0.1': pass\n__version__ = '1.2.0'\n",
        "__version__: str\n__version__ = '1.2.0'\n",
        "x = f\"{y['__version__']:'>{n}}{{\"\n__version__ = '1.2.0'\n",
        "x = f'''\n__version__ = \"0.0.1\" {y!r:\n}'''\n__version__ = '1.2.0'\n",
        "x = rf'\\{{{n}\\}}' f'\\N{DASH}\\'{n}'\n__version__ = '1.2.0'\n",
        "x = f'{\"\\N{DASH}\"}' rf'\\N{n}'\n__version__ = '1.2.0'\n",
        "x = rf'\\{{'\n__version__ = '1.2.0'\n",
        "x: str = y = '0.0.1'; z = 2\n__version__ = '1.2.0'\n",
        "my__version__ = '0.0.1'\n__version__ = '1.2.0'\n",
        "from x import __version__ as other\n__version__ = '1.2.0'\n",
    ] {
        assert_eq!(
            sites(Locator::PYTHON, text),
            ["__version__ = 1.2.0"],
            "{text}"
        );
    }
}

#[test]
fn another_name_can_be_the_site() {
    let locator = Locator::Python { name: "VERSION" };
    let text = "__version__ = '0.0.1'\nVERSION = '1.2.0'\n";
    assert_eq!(sites(locator, text), ["VERSION = 1.2.0"]);
    for text in [
        "VERSION: str = \"1.2.0\"\n",
        "VERSION: Final[str] = '1.2.0'\n",
        "VERSION: \"Final\" = '1.2.0'\n",
        "VERSION = __version__ = \"1.2.0\"\n",
        "__version__ = VERSION = \"1.2.0\"\n",
        "VERSION = '1.2.0'\n__version__ = VERSION\n",
        "MY_VERSION = '0'\nVERSIONS = {'VERSION': '0'}\nVERSION = '1.2.0'\n",
    ] {
        assert_eq!(sites(locator, text), ["VERSION = 1.2.0"], "{text}");
    }
}

#[test]
fn a_v_before_the_version_stays() {
    assert_eq!(
        sites(Locator::PYTHON, "__version__ = 'v1.2'\n"),
        ["__version__ = 1.2"]
    );
    assert_eq!(
        sites(Locator::PYTHON, "__version__ = \"v1\"\n"),
        ["__version__ = 1"]
    );
}

#[test]
fn what_is_not_one_plain_string_is_refused() {
    for (text, said) in [
        (
            "__version__ = f'1.{x}.0'\n",
            "`__version__ = f'1.{x}.0'` is not a plain string literal (line 1)",
        ),
        ("__version__ = b'1.2.0'\n", "not a plain string literal"),
        (
            "__version__ = '1.2' + '.0'\n",
            "does not assign one plain string",
        ),
        (
            "__version__ = '1.2' '.0'\n",
            "does not assign one plain string",
        ),
        (
            "__version__ = '1', '2'\n",
            "does not assign one plain string",
        ),
        (
            "__version__ = ('1.2.0')\n",
            "does not assign one plain string",
        ),
        (
            "\n__version__ = version('x')\n",
            "`__version__ = version('x')` does not assign one plain string to it alone (line 2)",
        ),
        (
            "__version__ = '1.2.0'.strip()\n",
            "does not assign one plain string",
        ),
        ("__version__ = '1.2.\\x30'\n", "escapes"),
        ("__version__ = '''\n1.2.0'''\n", "line breaks"),
        (
            "__version__ = VERSION\n",
            "__version__ is `VERSION` (line 1), wanted the version as a string",
        ),
        ("__version__ = 1\n", "__version__ is `1`"),
        ("__version__, x = '1', '2'\n", "does not assign one"),
        ("(__version__, x) = y = '1'\n", "does not assign one"),
        ("__version__ += '.1'\n", "does not assign one"),
        ("x = 1; __version__ = '1'\n", "does not assign one"),
        ("if x: __version__ = '1'\n", "does not assign one"),
        ("try: x = __version__ = '1'\n", "does not assign one"),
        ("f = lambda __version__='1': 0\n", "does not assign one"),
        ("seen[__version__] = '1'\n", "does not assign one"),
        (
            "__version__ = '1'\n\n__version__ = '2'\n",
            "__version__ is written 2 times, at lines 1, 3",
        ),
        (
            "__version__ = '1'\nif x: __version__ = '2'\n",
            "written 2 times, at lines 1, 2",
        ),
        ("__version__ =\n", "does not assign one"),
    ] {
        let error = refusal(Locator::PYTHON, text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn an_absence_says_what_was_found() {
    for (text, said) in [
        ("", "__version__ is missing"),
        ("\"\"\"__version__ = '1'\"\"\"\n", "__version__ is missing"),
        (
            "try:\n    __version__ = '1'\nexcept E: pass\n",
            "only assigned inside a block, at line 2",
        ),
        (
            "from .v import __version__\n",
            "imported from another module, at line 1",
        ),
        (
            "\nprint(__version__)\n",
            "named, but not assigned by itself, at line 2",
        ),
        ("__version__: str\n", "named, but not assigned"),
    ] {
        let error = refusal(Locator::PYTHON, text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn what_is_no_python_is_refused_with_its_line() {
    for (text, said) in [
        ("x = 1\ny = 'a\n", "a string is never closed (line 2)"),
        (
            "\"\"\"doc\n__version__ = '1'\n",
            "a string is never closed (line 1)",
        ),
        (
            "x = (1,\n__version__ = '1'\n",
            "a bracket is never closed (line 1)",
        ),
        ("x)\n", "closed that was not opened (line 1)"),
        ("x = 1 \\ 2\n", "a backslash stands outside a string"),
        (
            "x = f'{y'\n",
            "the quotes of an f-string are used inside it (line 1)",
        ),
        ("x = f'{y:>", "a string is never closed (line 1)"),
        (
            "x = f\"{y[\"a\"]}\"\n__version__ = '1'\n",
            "the quotes of an f-string are used inside it (line 1)",
        ),
        (
            "x = f\"\"\"{\"\"\"\n__version__ = '1'\n\"\"\"}\"\"\"\n",
            "the quotes of an f-string are used inside it (line 1)",
        ),
    ] {
        let error = refusal(Locator::PYTHON, text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn hostile_nesting_ends_in_an_error() {
    let deep = "x = ".to_owned() + &"f'{".repeat(100_000);
    assert!(locate(&Locator::PYTHON, &deep).is_err());
    let formats = "x = f'".to_owned() + &"{a:".repeat(100_000);
    assert!(locate(&Locator::PYTHON, &formats).is_err());
    let brackets = "(".repeat(100_000) + &")".repeat(100_000) + "\n__version__ = '1.2.0'\n";
    assert_eq!(sites(Locator::PYTHON, &brackets), ["__version__ = 1.2.0"]);
}
