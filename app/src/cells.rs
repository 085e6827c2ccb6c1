//! How values are written into the cells of a table and read back, so that export and import are inverse.

use onhand_rules::quantity::QUANTITY_MAX;

/// What a spreadsheet takes for a formula when a cell begins with it.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether a leading `'` before this text could be one that we put there.
fn needs_mark(text: &str) -> bool {
    text.starts_with(FORMULA) || is_marked(text)
}

/// Whether a text begins with a mark: `'` before something that would be a formula, or before another mark.
fn is_marked(text: &str) -> bool {
    text.strip_prefix('\'').is_some_and(|rest| rest.starts_with(FORMULA) || rest.starts_with('\''))
}

/// Puts `'` before a text that a spreadsheet would run as a formula.
pub(crate) fn marked(text: &str) -> String {
    if needs_mark(text) { format!("'{text}") } else { text.to_owned() }
}

/// Takes off the `'` that [`marked`] put there; leaves every other text as it is.
pub(crate) fn unmarked(text: &str) -> &str {
    if is_marked(text) { text.get(1..).unwrap_or_default() } else { text }
}

/// `A*2+B*1`, with `\` before a `*`, `+` or `\` that belongs to a code.
pub(crate) fn components_to_cell(components: &[(String, i64)]) -> String {
    let parts: Vec<String> = components
        .iter()
        .map(|(sku, quantity)| {
            let mut part = String::new();
            for c in sku.chars() {
                if matches!(c, '*' | '+' | '\\') {
                    part.push('\\');
                }
                part.push(c);
            }
            format!("{part}*{quantity}")
        })
        .collect();
    parts.join("+")
}

/// The inverse. A component without a quantity counts once.
pub(crate) fn components_from_cell(cell: &str) -> Result<Vec<(String, i64)>, String> {
    let mut components = Vec::new();
    let (mut sku, mut quantity): (String, Option<String>) = (String::new(), None);
    let mut characters = cell.chars();
    loop {
        let next = characters.next();
        match (next, &mut quantity) {
            (None | Some('+'), _) => {
                components.push(component(&sku, quantity.take())?);
                sku.clear();
            }
            (Some('\\'), None) => sku.push(characters.next().ok_or("ends in the middle of a code")?),
            (Some('*'), None) => quantity = Some(String::new()),
            (Some(c), None) => sku.push(c),
            (Some(c), Some(digits)) => digits.push(c),
        }
        if next.is_none() {
            return Ok(components);
        }
    }
}

fn component(sku: &str, quantity: Option<String>) -> Result<(String, i64), String> {
    let sku = sku.trim();
    onhand_rules::text::check_code(sku).map_err(|error| format!("component `{sku}` {error}"))?;
    let quantity = match quantity {
        None => 1,
        Some(digits) => digits
            .trim()
            .parse()
            .ok()
            .filter(|count| (1..=QUANTITY_MAX).contains(count))
            .ok_or_else(|| format!("`{digits}` is no number of component {sku}"))?,
    };
    Ok((sku.to_owned(), quantity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_marked_and_every_text_comes_back() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("-5", "'-5"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("plain", "plain"),
            ("'t Hooft", "'t Hooft"),
            ("'=x", "''=x"),
            ("''x", "'''x"),
            ("'", "'"),
            ("", ""),
            ("é", "é"),
        ] {
            assert_eq!(marked(text), cell);
            assert_eq!(unmarked(cell), text);
        }
    }

    #[test]
    fn components_come_back() {
        for components in [
            vec![("A".to_owned(), 2), ("B".to_owned(), 1)],
            vec![("A+B*2\\".to_owned(), 3)],
            vec![("ONE TWO".to_owned(), 12)],
        ] {
            let cell = components_to_cell(&components);
            assert_eq!(components_from_cell(&cell), Ok(components), "{cell}");
        }
        assert_eq!(components_from_cell("A + B*2"), Ok(vec![("A".to_owned(), 1), ("B".to_owned(), 2)]));
    }

    #[test]
    fn broken_components_are_refused() {
        for cell in ["", "A*", "A*0", "A*-1", "A*x", "A++B", "A\\", "*2", "A*2*3"] {
            assert!(components_from_cell(cell).is_err(), "{cell}");
        }
    }
}
