//! Who may act for a shop: authorisation codes, access tokens and refresh tokens. The lifetimes and the rules of rotation
//! differ by marketplace, so the dialect gives them.

use super::Millis;
use super::ids::Ids;

/// What an app holds for one shop. Nothing is ever taken out, so that a token that is no longer good can be told from one
/// that never was.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    codes: Vec<Code>,
    access: Vec<Token>,
    refresh: Vec<Token>,
    /// The seller's consent ends at this time; none while nobody is let in.
    pub(crate) authorised_until: Option<Millis>,
    /// The seller has taken his consent back.
    pub(crate) revoked: bool,
    /// When the seller consented last.
    pub(crate) authorised_at: Option<Millis>,
    /// When it was told last that the end is near, and whether it was told that the consent is over.
    pub(super) reminded: Option<Millis>,
    pub(super) told_over: bool,
}

#[derive(Debug)]
struct Code {
    text: String,
    expires: Millis,
    used: bool,
}

#[derive(Debug)]
struct Token {
    text: String,
    expires: Millis,
    used: bool,
}

/// The lifetimes of a marketplace, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenRules {
    pub(crate) access_life: Millis,
    /// How long the access token before this one still works after a refresh; none: as long as it would have anyway.
    pub(crate) old_access_life: Option<Millis>,
    pub(crate) refresh_life: Millis,
    /// A refresh token works once. Else it works until it expires.
    pub(crate) refresh_once: bool,
    /// Each refresh begins a new refresh lifetime. Else the end stays where it was.
    pub(crate) refresh_restarts: bool,
    /// How long a consent lasts.
    pub(crate) consent_life: Millis,
}

/// What an app gets for a code or a refresh token.
#[derive(Debug, Clone)]
pub(crate) struct TokenPair {
    pub(crate) access: String,
    pub(crate) access_expires: Millis,
    pub(crate) refresh: String,
    pub(crate) refresh_expires: Millis,
}

/// Why a code is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeFault {
    Unknown,
    Used,
    Expired,
}

/// Why a token is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Unknown,
    /// A refresh token that works once, shown for the second time.
    Used,
    Expired,
    /// The seller took his consent back.
    Revoked,
    /// The consent has come to its end.
    ConsentOver,
}

impl Credentials {
    /// The seller agreed: a code that can be exchanged once within `life`.
    pub(crate) fn issue_code(&mut self, ids: &mut Ids, now: Millis, life: Millis) -> String {
        let text = ids.secret(32);
        self.codes.push(Code { text: text.clone(), expires: now + life, used: false });
        text
    }

    /// Uses a code up. The tokens of an earlier consent are taken back, as a seller has one consent for an app.
    pub(crate) fn redeem_code(
        &mut self,
        ids: &mut Ids,
        code: &str,
        now: Millis,
        rules: &TokenRules,
    ) -> Result<TokenPair, CodeFault> {
        let code = self.codes.iter_mut().find(|known| known.text == code).ok_or(CodeFault::Unknown)?;
        if code.used {
            return Err(CodeFault::Used);
        }
        if now >= code.expires {
            return Err(CodeFault::Expired);
        }
        code.used = true;
        self.end_tokens(now);
        self.revoked = false;
        self.authorised_at = Some(now);
        self.reminded = None;
        self.told_over = false;
        self.authorised_until = Some(now + rules.consent_life);
        let refresh_expires = (now + rules.refresh_life).min(now + rules.consent_life);
        Ok(self.issue(ids, now + rules.access_life, refresh_expires))
    }

    /// Exchanges a refresh token.
    pub(crate) fn redeem_refresh(
        &mut self,
        ids: &mut Ids,
        token: &str,
        now: Millis,
        rules: &TokenRules,
    ) -> Result<TokenPair, TokenFault> {
        let at = self.refresh.iter().position(|known| known.text == token).ok_or(TokenFault::Unknown)?;
        self.consent(now)?;
        if self.refresh[at].used {
            return Err(TokenFault::Used);
        }
        if now >= self.refresh[at].expires {
            return Err(TokenFault::Expired);
        }
        if rules.refresh_once {
            self.refresh[at].used = true;
        }
        if let Some(life) = rules.old_access_life {
            for old in &mut self.access {
                old.expires = old.expires.min(now + life);
            }
        }
        let consent = self.authorised_until.unwrap_or(Millis::MAX);
        let refresh_expires = if rules.refresh_restarts {
            (now + rules.refresh_life).min(consent)
        } else {
            self.refresh[at].expires
        };
        Ok(self.issue(ids, now + rules.access_life, refresh_expires))
    }

    /// Whether calls with this access token are answered.
    pub(crate) fn check_access(&self, token: &str, now: Millis) -> Result<(), TokenFault> {
        let known = self.access.iter().find(|known| known.text == token).ok_or(TokenFault::Unknown)?;
        self.consent(now)?;
        if now >= known.expires { Err(TokenFault::Expired) } else { Ok(()) }
    }

    pub(crate) fn knows_access(&self, token: &str) -> bool {
        self.access.iter().any(|known| known.text == token)
    }

    pub(crate) fn knows_refresh(&self, token: &str) -> bool {
        self.refresh.iter().any(|known| known.text == token)
    }

    pub(crate) fn knows_code(&self, code: &str) -> bool {
        self.codes.iter().any(|known| known.text == code)
    }

    /// Whether anybody may act for the shop now.
    pub(crate) fn authorised(&self, now: Millis) -> bool {
        self.authorised_at.is_some() && self.consent(now).is_ok()
    }

    /// Whether the seller has consented and not taken it back; the end of the consent is not looked at.
    pub(crate) fn let_in(&self) -> bool {
        self.authorised_at.is_some() && !self.revoked
    }

    /// When the newest access token expires.
    pub(super) fn access_until(&self) -> Option<Millis> {
        self.access.last().map(|token| token.expires)
    }

    /// Every access token expires now; the refresh token stays good.
    pub(crate) fn expire_access(&mut self, now: Millis) {
        for token in &mut self.access {
            token.expires = token.expires.min(now);
        }
    }

    /// The seller takes his consent back: nothing works until he consents again.
    pub(crate) fn revoke(&mut self) {
        self.revoked = true;
    }

    fn consent(&self, now: Millis) -> Result<(), TokenFault> {
        if self.revoked {
            return Err(TokenFault::Revoked);
        }
        match self.authorised_until {
            Some(end) if now >= end => Err(TokenFault::ConsentOver),
            _ => Ok(()),
        }
    }

    fn end_tokens(&mut self, now: Millis) {
        for token in self.access.iter_mut().chain(&mut self.refresh) {
            token.expires = token.expires.min(now);
        }
    }

    fn issue(&mut self, ids: &mut Ids, access_expires: Millis, refresh_expires: Millis) -> TokenPair {
        let access = ids.secret(40);
        let refresh = ids.secret(40);
        self.access.push(Token { text: access.clone(), expires: access_expires, used: false });
        self.refresh.push(Token { text: refresh.clone(), expires: refresh_expires, used: false });
        TokenPair { access, access_expires, refresh, refresh_expires }
    }
}
