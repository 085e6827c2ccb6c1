//! Connectors to Shopee, TikTok Shop and Lazada.
