//! Tables for people.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A line under the headings, and no other.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table: headings with their alignment, then rows. Lines never wrap, so that they can be searched.
pub(crate) fn table(headings: &[(&str, Align)], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
    let align = |column: usize| match headings.get(column) {
        Some((_, Align::Right)) => CellAlignment::Right,
        _ => CellAlignment::Left,
    };
    table.set_header(headings.iter().enumerate().map(|(n, (text, _))| Cell::new(text).set_alignment(align(n))));
    for row in rows {
        // A line break in a value would break the table.
        let cell = |text: String| text.replace(['\r', '\n'], " ");
        table.add_row(row.into_iter().enumerate().map(|(n, text)| Cell::new(cell(text)).set_alignment(align(n))));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_one_line_per_row_and_numbers_to_the_right() {
        let text =
            table(&[("sync", Align::Left), ("n", Align::Right)], vec![vec!["a\nb".into(), "5".into()], vec!["c".into(), "10".into()]]);
        assert!(text.contains("a b "), "{text}");
        assert!(text.lines().any(|l| l.trim_end().ends_with(" 5")), "{text}");
        assert_eq!(text.lines().count(), 4, "a line each for headings, rule and rows: {text}");
    }
}
