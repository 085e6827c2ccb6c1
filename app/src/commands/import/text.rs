//! Text files as they come out of spreadsheets: which encoding, which delimiter.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes that are looked at for zeros and for the header.
const HEAD: usize = 64 * 1024;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) encoding: &'static Encoding,
    pub(super) delimiter: u8,
}

impl Format {
    /// For people.
    pub(super) fn in_words(&self) -> String {
        let delimiter = match self.delimiter {
            b'\t' => "tab".to_owned(),
            other => format!("`{}`", char::from(other)),
        };
        format!("{}, separated by {delimiter}", self.encoding.name())
    }
}

/// Finds out how a file is written; what the caller says wins.
pub(super) fn detect(path: &Path, encoding: Option<&str>, delimiter: Option<char>) -> anyhow::Result<Format> {
    let encoding = match encoding {
        Some(label) => Encoding::for_label(label.as_bytes()).with_context(|| {
            format!("`{label}` is no encoding; examples are utf-8, utf-16le, windows-1252")
        })?,
        None => detect_encoding(path)?,
    };
    let delimiter = match delimiter {
        Some(c) => match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => byte,
            _ => bail!("the delimiter is one ASCII character"),
        },
        None => {
            let mut head = String::new();
            open(path, encoding)?.take(HEAD as u64).read_to_string(&mut head).or_else(|error| {
                // The last character may be cut in two.
                if error.kind() == io::ErrorKind::InvalidData { Ok(0) } else { Err(error) }
            })?;
            delimiter_of(&head)
        }
    };
    Ok(Format { encoding, delimiter })
}

/// By the mark at the beginning, by zeros in every other byte, by being valid UTF-8; anything else is what Windows writes.
fn detect_encoding(path: &Path) -> anyhow::Result<&'static Encoding> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let mut head = Vec::with_capacity(HEAD);
    file.by_ref().take(HEAD as u64).read_to_end(&mut head).with_context(cannot)?;
    if let Some((encoding, _)) = Encoding::for_bom(&head) {
        return Ok(encoding);
    }
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    if zeros(1) > head.len() / 8 {
        return Ok(UTF_16LE);
    }
    if zeros(0) > head.len() / 8 {
        return Ok(UTF_16BE);
    }
    let rest = BufReader::new(head.as_slice().chain(file));
    Ok(if is_utf8(rest).with_context(cannot)? { UTF_8 } else { WINDOWS_1252 })
}

/// Reads to the end.
fn is_utf8(mut reader: impl Read) -> io::Result<bool> {
    let mut buffer = vec![0; HEAD];
    let mut kept = 0;
    loop {
        let Some(free) = buffer.get_mut(kept..) else { return Ok(false) };
        let read = reader.read(free)?;
        let held = kept + read;
        let Some(bytes) = buffer.get(..held) else { return Ok(false) };
        match std::str::from_utf8(bytes) {
            Ok(_) => kept = 0,
            // A character may be cut by the end of the buffer, and is at most four bytes long.
            Err(error) if error.error_len().is_none() && read > 0 => {
                let good = error.valid_up_to();
                buffer.copy_within(good..held, 0);
                kept = held - good;
            }
            Err(_) => return Ok(false),
        }
        if read == 0 {
            return Ok(kept == 0);
        }
    }
}

/// The character that stands most often in the first line, outside quotes.
fn delimiter_of(head: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in head.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => counts.iter_mut().filter(|(d, _)| *d == byte).for_each(|(_, count)| *count += 1),
        }
    }
    // On a tie the first one: a single column is a file with commas.
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    best.map_or(b',', |(delimiter, _)| *delimiter)
}

/// The file as UTF-8, without the mark at its beginning.
pub(super) fn open(path: &Path, encoding: &'static Encoding) -> anyhow::Result<impl Read + Send + use<>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Decoding {
        file,
        decoder: encoding.new_decoder_with_bom_removal(),
        input: Vec::new(),
        taken: 0,
        ended: false,
        output: Vec::new(),
        given: 0,
    })
}

/// Decodes piece by piece. What cannot be decoded is an error and not a question mark.
struct Decoding {
    file: File,
    decoder: Decoder,
    input: Vec<u8>,
    taken: usize,
    ended: bool,
    output: Vec<u8>,
    given: usize,
}

impl Decoding {
    /// Fills `output` again; leaves it empty at the end.
    fn refill(&mut self) -> io::Result<()> {
        self.given = 0;
        self.output.clear();
        let mut text = String::with_capacity(HEAD);
        while text.is_empty() {
            if self.taken == self.input.len() && !self.ended {
                self.input.clear();
                self.taken = 0;
                self.file.by_ref().take(HEAD as u64 / 4).read_to_end(&mut self.input)?;
                self.ended = self.input.is_empty();
            }
            let rest = self.input.get(self.taken..).unwrap_or_default();
            let (result, read, wrong) = self.decoder.decode_to_string(rest, &mut text, self.ended);
            self.taken += read;
            if wrong {
                let name = self.decoder.encoding().name();
                let what = format!("the file is not valid {name}; name its encoding with --encoding");
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            if self.ended && result == CoderResult::InputEmpty {
                break;
            }
        }
        self.output = text.into_bytes();
        Ok(())
    }
}

impl Read for Decoding {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.output.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let rest = self.output.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> tempfile::TempPath {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        file.into_temp_path()
    }

    fn text_of(bytes: &[u8]) -> (String, String) {
        let path = file(bytes);
        let format = detect(&path, None, None).expect("a format");
        let mut text = String::new();
        open(&path, format.encoding).expect("opens").read_to_string(&mut text).expect("reads");
        (format.in_words(), text)
    }

    fn utf16(text: &str, bom: bool) -> Vec<u8> {
        let start = bom.then_some(0xfeff_u16);
        start.into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn encodings_are_found() {
        let text = "sku;name\n1;Bücher für 5 €\n";
        let words = |name: &str| (format!("{name}, separated by `;`"), text.to_owned());
        assert_eq!(text_of(text.as_bytes()), words("UTF-8"));
        assert_eq!(text_of(format!("\u{feff}{text}").as_bytes()), words("UTF-8"));
        assert_eq!(text_of(&utf16(text, true)), words("UTF-16LE"));
        assert_eq!(text_of(&utf16(text, false)), words("UTF-16LE"));
        let (windows, _, _) = WINDOWS_1252.encode(text);
        assert_eq!(text_of(&windows), words("windows-1252"));
    }

    #[test]
    fn a_character_across_the_end_of_a_piece_is_whole() {
        for shift in 0..4 {
            let text = format!("sku,name\n{}{}", "x".repeat(shift), "€é𝄞".repeat(40_000));
            assert_eq!(text_of(text.as_bytes()).1, text);
            assert_eq!(text_of(&utf16(&text, true)).1, text);
        }
    }

    #[test]
    fn a_late_byte_of_windows_is_found() {
        let mut bytes = b"sku,name\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', HEAD * 2));
        bytes.push(0xfc);
        assert!(text_of(&bytes).1.ends_with('ü'));
    }

    #[test]
    fn delimiters_are_counted_outside_quotes() {
        assert_eq!(delimiter_of("\"a;b;c;d\",name\nx;y;z"), b',');
        assert_eq!(delimiter_of("sku\tname\ton_hand\n"), b'\t');
        assert_eq!(delimiter_of("sku\n"), b',');
        assert_eq!(delimiter_of("sku;name\n"), b';');
    }

    #[test]
    fn what_cannot_be_decoded_is_an_error() {
        let path = file(b"sku\n\xff\n");
        let mut text = String::new();
        let error = open(&path, UTF_8).expect("opens").read_to_string(&mut text).expect_err("invalid");
        assert!(error.to_string().contains("--encoding"), "{error}");
    }
}
