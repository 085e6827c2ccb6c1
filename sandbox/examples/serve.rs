//! The sandbox by itself: `cargo run -p onhand-sandbox --example serve -- [control address]`. It prints where everything is
//! and runs until it is stopped. The program of Onhand has the same as a command; this is for checks of the sandbox alone.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use onhand_sandbox::{Market, Options, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let control = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7100".to_owned()).parse()?;
    let sandbox = Sandbox::start(Options { control, ..Options::default() }).await?;
    for market in Market::ALL {
        println!("{}: {}", market.name(), sandbox.urls().market(market).api);
    }
    println!("control: {}/control/state", sandbox.urls().control);
    tokio::signal::ctrl_c().await?;
    sandbox.stop().await;
    Ok(())
}
