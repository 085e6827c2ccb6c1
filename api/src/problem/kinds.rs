//! The catalogue: every code that a problem can have.

use axum::http::StatusCode;

/// One kind of problem.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Stable; programs decide by it.
    pub(crate) code: &'static str,
    /// Its HTTP status.
    pub(crate) status: StatusCode,
    /// The same for every occurrence.
    pub(crate) title: &'static str,
    /// Whether the same request may succeed later without a change.
    pub(crate) retryable: bool,
    /// What to do about it.
    pub(crate) advice: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:ident, $retryable:literal, $code:literal, $title:literal, $advice:literal;)+) => {
        $(pub(crate) static $name: Kind = Kind {
            code: $code,
            status: StatusCode::$status,
            title: $title,
            retryable: $retryable,
            advice: $advice,
        };)+

        /// All of them, in the order of the catalogue.
        pub(crate) static ALL: &[&Kind] = &[$(&$name),+];
    };
}

kinds! {
    MALFORMED_JSON = BAD_REQUEST, false, "malformed_json", "The body is not JSON",
        "Send one JSON value in UTF-8. NaN, Infinity, comments and trailing commas are not JSON.";
    INVALID_PARAMETER = BAD_REQUEST, false, "invalid_parameter", "A parameter is not valid",
        "Look at the parameters of the route in the API description; unknown and repeated ones are refused.";
    INVALID_HEADER = BAD_REQUEST, false, "invalid_header", "A header is not valid",
        "Correct the header that the detail names.";
    KEY_MISSING = BAD_REQUEST, false, "idempotency_key_missing", "Idempotency-Key is missing",
        "Send a header Idempotency-Key with a fresh random value (a UUID) for each new intent, and the same value when you repeat the request.";
    UNAUTHENTICATED = UNAUTHORIZED, false, "unauthenticated", "No valid API key",
        "Send Authorization: Bearer ohk_... with a key that is neither revoked nor expired.";
    CREDENTIALS_WRONG = UNAUTHORIZED, false, "credentials_wrong", "The address or the password is wrong",
        "Try again, or ask an administrator for a link with which you set a new password.";
    FACTOR_NEEDED = UNAUTHORIZED, false, "second_factor_needed", "A code is needed",
        "Send the same again with code: the six digits of your authenticator, or one of your recovery codes.";
    FACTOR_WRONG = UNAUTHORIZED, false, "second_factor_wrong", "The code is wrong",
        "It is wrong, too old, or was used already. Wait for the next one.";
    TOO_MANY_ATTEMPTS = TOO_MANY_REQUESTS, true, "too_many_attempts", "Too many attempts",
        "Wait for the seconds that Retry-After names. Nobody is locked out for good.";
    LINK_SPENT = GONE, false, "link_spent", "The link is no longer good",
        "It was used, is older than an hour, or never was. Ask for a new one.";
    PERSONS_ONLY = FORBIDDEN, false, "persons_only", "Only a person can do this",
        "It is about the person who is signed in; an API key is nobody.";
    PROOF_NEEDED = FORBIDDEN, false, "proof_needed", "Show again who you are",
        "Send your password, and a code if you have a second factor, to POST /v1/session/proof; then send this again. It is good for fifteen minutes in this session.";
    CROSS_SITE = FORBIDDEN, false, "cross_site", "The request did not come from the console",
        "A request with a session's cookie needs the header X-Onhand-Console, and may not come from another site. Programs use an API key.";
    EMAIL_TAKEN = CONFLICT, false, "email_taken", "Somebody has this address",
        "Each person has an address of their own.";
    LAST_OWNER = CONFLICT, false, "last_owner", "The last owner stays",
        "Make somebody else an owner first.";
    OWNERS_ONLY = FORBIDDEN, false, "owners_only", "Only owners may do this",
        "Ask an owner: only they make, change or remove owners.";
    NO_VAULT = CONFLICT, false, "no_secret_key", "This server has no key to keep secrets with",
        "Start it with --secret-key-file, the same for all replicas.";
    FORBIDDEN = FORBIDDEN, false, "missing_scope", "The API key does not allow this",
        "Use a key with the scope that the problem names, or ask an administrator for one.";
    NOT_FOUND = NOT_FOUND, false, "not_found", "There is no such thing",
        "Check the id or code in the path.";
    NO_ROUTE = NOT_FOUND, false, "no_such_route", "There is no such route",
        "See /docs or /openapi.json for what there is.";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, false, "method_not_allowed", "The route does not know this method",
        "The header Allow names the methods that it knows.";
    CONFLICT_STOCK = CONFLICT, false, "insufficient_stock", "Not enough stock",
        "Each entry of errors names a SKU that is short, what was asked for and what can be had. Nothing was done.";
    ARCHIVED_SKU = CONFLICT, false, "archived_sku", "The SKU is archived",
        "Restore it with PATCH /v1/skus/{sku}, or name another.";
    ARCHIVED_LOCATION = CONFLICT, false, "archived_location", "The location is archived",
        "Restore it with PATCH /v1/locations/{location}, or name another.";
    SKU_EXISTS = CONFLICT, false, "sku_exists", "The SKU exists",
        "Change it with PATCH /v1/skus/{sku}.";
    LOCATION_EXISTS = CONFLICT, false, "location_exists", "The location exists",
        "Change it with PATCH /v1/locations/{location}.";
    KIND_IS_FIXED = CONFLICT, false, "kind_is_fixed", "Simple stays simple and bundle stays bundle",
        "Create another SKU.";
    DUPLICATE_REFERENCE = CONFLICT, false, "duplicate_reference", "The channel has an order with this reference",
        "Read that order; repeat a request by its Idempotency-Key instead of by its reference.";
    OUT_OF_RANGE = CONFLICT, false, "out_of_range", "A figure would leave its range",
        "No figure may fall below zero or pass 10^15.";
    NOT_HELD = CONFLICT, false, "not_held", "The reservation is not held",
        "Reserve anew.";
    EXCEEDS_RESERVED = CONFLICT, false, "exceeds_reserved", "More than is still held",
        "Read the reservation and name at most what it still holds.";
    EXTENSION_LIMIT = CONFLICT, false, "extension_limit", "It cannot be extended again",
        "Reserve anew.";
    WRONG_STATE = CONFLICT, false, "wrong_state", "The order's state does not allow this step",
        "Read the order; its state says which steps are left.";
    EXCEEDS_CANCELLABLE = CONFLICT, false, "exceeds_cancellable", "More than can still be cancelled",
        "Read the order; what was shipped can only be returned.";
    EXCEEDS_SHIPPABLE = CONFLICT, false, "exceeds_shippable", "More than can be shipped",
        "Read the order; only confirmed items that have not left can be shipped.";
    EXCEEDS_RETURNABLE = CONFLICT, false, "exceeds_returnable", "More than can come back",
        "Read the order; only shipped items that have not come back can be returned.";
    UNLIKELY_COUNT = CONFLICT, false, "unlikely_count", "Counted far from the figure",
        "Count again. If it is so, send it once more with `confirmed`: true.";
    NOT_ON_HAND = CONFLICT, false, "not_on_hand", "Promised, but not in the building",
        "Count or receive the goods first.";
    DUPLICATE_PAYMENT = CONFLICT, false, "duplicate_payment", "Another payment has confirmed the order",
        "Give the new payment back, and report it to POST /v1/orders/{id}/payments, so that it is not forgotten.";
    NOT_PAID = CONFLICT, false, "not_paid", "No money is known to have come with this payment",
        "Report first that it succeeded; then what became of the money.";
    PAYMENT_DISPUTED = CONFLICT, false, "payment_disputed", "A payment of the order is disputed",
        "Wait until the dispute is over, or ship with despite_dispute: true.";
    REHEARSAL_RUNS = CONFLICT, false, "rehearsal_runs", "A rehearsal goes on",
        "There is one at a time. Wait until it is over, or break it off with DELETE /v1/rehearsals/{id}.";
    REHEARSAL_IS_NOT_SELLING = CONFLICT, false, "rehearsal_is_not_selling", "There is no server to kill",
        "Kill it while the rehearsal's state is selling.";
    STALE_VERSION = PRECONDITION_FAILED, false, "stale_version", "It has changed since you read it",
        "Read it again, decide again, and send the new version in If-Match.";
    STALE_EXPECTED = PRECONDITION_FAILED, false, "stale_expected", "The figure has changed since you read it",
        "Read it again, decide again, and send the new figure as expected.";
    TOO_LARGE = PAYLOAD_TOO_LARGE, false, "body_too_large", "The body is too large",
        "Send fewer lines or items in one request.";
    MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, false, "unsupported_media_type", "The body must be JSON",
        "Send Content-Type: application/json.";
    INVALID = UNPROCESSABLE_ENTITY, false, "validation_failed", "The request is not valid",
        "Each entry of errors points at a field and says what is wrong with it. Nothing was done.";
    UNKNOWN_SKU = UNPROCESSABLE_ENTITY, false, "unknown_sku", "A code names no SKU",
        "Create the SKU first, or correct the code.";
    UNKNOWN_LOCATION = UNPROCESSABLE_ENTITY, false, "unknown_location", "A code names no location",
        "Create the location first, or correct the code.";
    UNKNOWN_LINE = UNPROCESSABLE_ENTITY, false, "unknown_line", "There is no such line",
        "Lines are numbered from 1; read them again.";
    NESTED_BUNDLE = UNPROCESSABLE_ENTITY, false, "nested_bundle", "A component is a bundle itself",
        "Name the components of that bundle instead.";
    BUNDLE_HAS_NO_STOCK = UNPROCESSABLE_ENTITY, false, "bundle_has_no_stock", "A bundle has no stock of its own",
        "Change its components instead.";
    REPEATED = UNPROCESSABLE_ENTITY, false, "repeated", "The same name stands twice",
        "Name each once.";
    MISMATCH = UNPROCESSABLE_ENTITY, false, "idempotency_mismatch", "The key was used for another request",
        "Use a fresh Idempotency-Key for a new intent; the first request and its outcome are untouched.";
    PRECONDITION_REQUIRED = PRECONDITION_REQUIRED, false, "precondition_required", "Say what you expect to be there",
        "Send expected with the figure that you saw, or If-Match with the version.";
    HEADERS_TOO_LARGE = REQUEST_HEADER_FIELDS_TOO_LARGE, false, "headers_too_large", "The headers are too large",
        "Send fewer or shorter headers.";
    BODY_TIMEOUT = REQUEST_TIMEOUT, true, "body_timeout", "The body did not arrive in time",
        "Send the request again with the same Idempotency-Key.";
    RATE_LIMITED = TOO_MANY_REQUESTS, true, "rate_limited", "Too many requests",
        "Wait for the seconds that Retry-After names.";
    INTERNAL = INTERNAL_SERVER_ERROR, true, "internal", "An error in the server",
        "Repeat it once with the same Idempotency-Key; if it fails again, tell the operator the request id.";
    BUSY = SERVICE_UNAVAILABLE, true, "busy", "Too many requests are waiting",
        "Nothing was done. Send it again after Retry-After seconds.";
    OUTCOME_UNKNOWN = SERVICE_UNAVAILABLE, true, "outcome_unknown", "It is not known yet whether this was done",
        "Send the same request with the same Idempotency-Key again: it tells the outcome and never does it twice.";
    DATABASE_UNAVAILABLE = SERVICE_UNAVAILABLE, true, "database_unavailable", "The database cannot be reached",
        "Nothing was done. Send it again after Retry-After seconds.";
    STORAGE_FULL = SERVICE_UNAVAILABLE, true, "storage_full", "The database cannot be written",
        "Nothing was done. The operator must make room on the disk or mount it writable.";
    STOPPING = SERVICE_UNAVAILABLE, true, "stopping", "The server is stopping",
        "Nothing was done. Send it again after Retry-After seconds.";
    CANNOT_TELL = SERVICE_UNAVAILABLE, true, "cannot_check_key", "The API key could not be checked",
        "The key may be good: the database did not answer. Send it again after Retry-After seconds.";
}

/// The kind of a code.
pub(crate) fn by_code(code: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.code == code)
}
