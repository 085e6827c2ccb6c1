//! As much XML as a stock payload needs: elements, text, comments, CDATA and the five entities. Attributes are skipped.

/// An element with its children or its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    /// Without the space around it.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// Deeper than any payload is.
const DEEPEST: usize = 16;

impl Element {
    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of this name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// The one element of a document; none if the text is no such thing.
pub(super) fn parse(text: &str) -> Option<Element> {
    let mut reader = Reader { rest: text };
    reader.skip_between()?;
    let root = reader.element(0)?;
    reader.skip_between()?;
    reader.rest.is_empty().then_some(root)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, start: &str) -> bool {
        match self.rest.strip_prefix(start) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// What comes before `end`, which is eaten too.
    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    /// Space, comments and the declaration.
    fn skip_between(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start();
            if self.eat("<!--") {
                self.until("-->")?;
            } else if self.eat("<?") {
                self.until("?>")?;
            } else {
                return Some(());
            }
        }
    }

    fn element(&mut self, depth: usize) -> Option<Element> {
        if depth > DEEPEST || !self.eat("<") {
            return None;
        }
        let tag = self.until(">")?;
        let (tag, closed) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let name = tag.split(char::is_whitespace).next().filter(|name| !name.is_empty())?;
        if !name.chars().all(|letter| letter.is_alphanumeric() || "_-.:".contains(letter)) {
            return None;
        }
        let mut element = Element { name: name.to_owned(), ..Element::default() };
        if closed {
            return Some(element);
        }
        let mut text = String::new();
        loop {
            if self.eat("<!--") {
                self.until("-->")?;
            } else if self.eat("<![CDATA[") {
                text.push_str(self.until("]]>")?);
            } else if self.eat("</") {
                if self.until(">")?.trim_end() != element.name {
                    return None;
                }
                element.text = text.trim().to_owned();
                return Some(element);
            } else if self.rest.starts_with('<') {
                element.children.push(self.element(depth + 1)?);
            } else {
                let end = self.rest.find('<')?;
                text.push_str(&unescaped(&self.rest[..end])?);
                self.rest = &self.rest[end..];
            }
        }
    }
}

/// None if there is an ampersand that begins nothing.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, after) = part.split_once(';')?;
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = entity.strip_prefix('#')?;
                let number = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(number)?
            }
        });
        plain.push_str(after);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read() {
        let text = "<?xml version=\"1.0\"?><Request> <!-- one --><A><B>a &amp; b</B><B><![CDATA[<x>]]></B><C/></A></Request>";
        let root = parse(text).unwrap();
        let a = root.child("A").unwrap();
        let texts: Vec<&str> = a.children.iter().map(|child| child.text.as_str()).collect();
        assert_eq!((root.name.as_str(), texts), ("Request", vec!["a & b", "<x>", ""]));
        assert_eq!(a.text_of("B"), Some("a & b"));
    }

    #[test]
    fn what_is_no_xml_is_not_read() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a>&</a>",
            "<a>&nope;</a>",
            "<a/><b/>",
            "<a><b></a>",
            "< a/>",
            &deep,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
