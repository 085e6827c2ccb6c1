//! What a code may look like.

/// The longest SKU code, location code, channel or reference, in bytes.
pub const CODE_MAX: usize = 200;
/// The longest name or note, in bytes.
pub const TEXT_MAX: usize = 1_000;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// Nothing in it.
    Empty,
    /// Longer than allowed, in bytes.
    TooLong(usize),
    /// A control character, which no label, log or terminal should receive.
    Control,
    /// A space at its start or end, which nobody can see and which would make two codes of one.
    OuterSpace,
}

impl std::fmt::Display for TextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty"),
            Self::TooLong(max) => write!(f, "must not be longer than {max} bytes"),
            Self::Control => f.write_str("must not contain control characters"),
            Self::OuterSpace => f.write_str("must not begin or end with white space"),
        }
    }
}

/// Checks a code: 1 to [`CODE_MAX`] bytes, no control characters, no outer white space; otherwise kept exactly as given,
/// with leading zeros and case.
///
/// # Errors
/// What is wrong with it.
pub fn check_code(text: &str) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.trim() != text {
        return Err(TextError::OuterSpace);
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    check_text(text, CODE_MAX)
}

/// Checks a free text: at most `max` bytes, no control characters but line breaks and tabs.
///
/// # Errors
/// What is wrong with it.
pub fn check_text(text: &str, max: usize) -> Result<(), TextError> {
    if text.len() > max {
        return Err(TextError::TooLong(max));
    }
    // Bidirectional overrides make a line read as something else: they are control characters for our purpose.
    let hidden = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || hidden(c)) {
        return Err(TextError::Control);
    }
    Ok(())
}
