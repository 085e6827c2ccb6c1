//! Which SKU a listing may be: only ever a suggestion, a person decides (pain 22).

use std::collections::BTreeSet;

use onhand_rules::Listing;
use onhand_store::{Reads, StoreError};

/// SKUs that are looked at for one listing at most; a house with more finds the exact code, and the first so many others.
pub const LOOKED_AT: usize = 50_000;
/// SKUs of one read.
const PAGE: usize = 1_000;
/// Below this share of common words, two titles have nothing to do with each other. Per cent.
const ALIKE: u8 = 25;

/// Why a SKU is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The seller SKU is its code.
    SameCode,
    /// The seller SKU is its code but for case, spaces and punctuation.
    NearlySameCode,
    /// Their titles have words in common.
    CommonWords,
}

/// One SKU that a listing may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Its code.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// 0 to 100: 100 is the same code, 90 nearly the same, below that the share of words in common.
    pub score: u8,
    /// Why.
    pub likeness: Likeness,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestions {
    /// The best first.
    pub suggestions: Vec<Suggestion>,
    /// Whether every SKU was looked at.
    pub complete: bool,
}

/// The best `limit` suggestions for a listing. Archived SKUs are left out.
///
/// # Errors
/// What the store says.
pub async fn suggest(reads: &dyn Reads, listing: &Listing, limit: usize) -> Result<Suggestions, StoreError> {
    let wanted = Wanted::of(listing);
    let mut found: Vec<Suggestion> = Vec::new();
    // Found by its index, however many SKUs there are.
    if !listing.seller_sku.is_empty()
        && let Some(sku) = reads.sku(&listing.seller_sku).await?.filter(|sku| !sku.archived)
    {
        found.push(Suggestion { sku: sku.code, name: sku.name, score: 100, likeness: Likeness::SameCode });
    }
    let (mut after, mut looked) = (None::<String>, 0);
    let complete = loop {
        let page = reads.skus("", after.as_deref(), PAGE).await?;
        looked += page.rows.len();
        after = page.rows.last().map(|sku| sku.code.clone());
        for sku in page.rows.into_iter().filter(|sku| !sku.archived && sku.code != listing.seller_sku) {
            if let Some((score, likeness)) = wanted.compare(&sku.code, &sku.name) {
                found.push(Suggestion { sku: sku.code, name: sku.name, score, likeness });
            }
        }
        found.sort_by(|one, other| other.score.cmp(&one.score).then_with(|| one.sku.cmp(&other.sku)));
        found.truncate(limit);
        if !page.more {
            break true;
        }
        if looked >= LOOKED_AT {
            break false;
        }
    };
    Ok(Suggestions { suggestions: found, complete })
}

/// What is looked for.
struct Wanted {
    code: String,
    words: BTreeSet<String>,
}

impl Wanted {
    fn of(listing: &Listing) -> Self {
        Self { code: bare(&listing.seller_sku), words: words(&listing.title, &listing.seller_sku) }
    }

    fn compare(&self, code: &str, name: &str) -> Option<(u8, Likeness)> {
        if !self.code.is_empty() && bare(code) == self.code {
            return Some((90, Likeness::NearlySameCode));
        }
        let theirs = words(name, code);
        let common = self.words.intersection(&theirs).count();
        let all = self.words.len() + theirs.len() - common;
        // At most 89, so that words never pass a code.
        let share = (common * 89).checked_div(all).and_then(|share| u8::try_from(share).ok())?;
        (share >= ALIKE).then_some((share, Likeness::CommonWords))
    }
}

/// A code without case, spaces and punctuation.
fn bare(code: &str) -> String {
    code.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a title and of a code, each once. One letter says nothing, one digit may be a size.
fn words(title: &str, code: &str) -> BTreeSet<String> {
    let split = |text: &str| {
        text.split(|letter: char| !letter.is_alphanumeric())
            .map(str::to_lowercase)
            .filter(|word| word.chars().count() > 1 || word.chars().all(|letter| letter.is_numeric()))
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
    };
    split(title).into_iter().chain(split(code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(seller_sku: &str, title: &str) -> Wanted {
        Wanted { code: bare(seller_sku), words: words(title, seller_sku) }
    }

    #[test]
    fn a_code_counts_more_than_any_words() {
        let wanted = wanted("ts-red/M", "T-Shirt red, size M");
        assert_eq!(wanted.compare("TS RED M", "something else"), Some((90, Likeness::NearlySameCode)));
        let (words, why) = wanted.compare("TS-RED-L", "T-Shirt red, size M").unwrap();
        assert!(words < 90 && why == Likeness::CommonWords, "{words}");
        let (fewer, _) = wanted.compare("TS-BLUE-L", "T-Shirt blue, size L").unwrap();
        assert!(fewer < words);
        assert_eq!(wanted.compare("MUG-1", "Coffee mug"), None);
    }

    #[test]
    fn nothing_is_like_nothing() {
        assert_eq!(wanted("", "").compare("", ""), None);
        assert_eq!(wanted("---", "").compare("///", ""), None);
        assert_eq!(words("Größe ß 5 x", "AB"), ["5", "ab", "größe"].map(str::to_owned).into());
    }
}
