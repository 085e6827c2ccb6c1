//! Marketplaces to practise on: they speak the real dialects over real sockets.
