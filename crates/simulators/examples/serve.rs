//! Serves one personality on loopback until it is interrupted: `cargo run --example serve -- radicale [127.0.0.1:0]`.
//!
//! Users are `alice` and `bob`, both with the password `secret`. The first line is the address where discovery starts.

use pimkit_simulators::{Challenge, Dav, Personality};
use std::io::Write as _;
use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "radicale".to_owned());
    let address: SocketAddr = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned()).parse()?;
    let mut personality = Personality::named(&name).ok_or_else(|| format!("no personality is called {name}"))?;
    if arguments.next().as_deref() == Some("basic") {
        personality.login.challenges = vec![Challenge::Basic];
    }
    let dav = Dav::builder(personality).user("alice", "secret").user("bob", "secret").build();
    let serving = dav.serve(address).await?;
    writeln!(std::io::stdout(), "{}", serving.base_url())?;
    tokio::signal::ctrl_c().await?;
    for seen in dav.requests() {
        writeln!(std::io::stderr(), "{} {} {:?} {:?} {}", seen.method, seen.path, seen.depth, seen.report, seen.status)?;
    }
    serving.stop().await;
    Ok(())
}
