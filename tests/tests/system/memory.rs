//! Memory does not grow with the object: `ppl` and every provider stay small while a large one passes through them.
//!
//! `PEOPLES_CLOUD_BIG_OBJECT_MIB` sets the object's size; mind the disk, which needs three and a half times as much.
use std::time::Duration;

use anyhow::{ensure, Context, Result};
use peoples_cloud_client::{chain::Chain, format::object_from_cid};
use peoples_cloud_tests::{
	files,
	network::{start_providers, Provider, Validator},
	process::Ppl,
	resources::{peak_memory_mib, MEMORY_LIMIT_MIB},
};

const PROVIDERS: usize = 3;
/// Far more than the limit, and quickly stored on two cores.
const OBJECT_MIB: u64 = 1_024;
/// Generous: two cores store and fetch tens of MiB a second.
const BOUND_SECONDS_A_MIB: u64 = 1;

/// Lets a `ppl` end, which must succeed; answers its stdout and the most memory that it had.
fn watch(ppl: Ppl, deadline: Duration) -> Result<(String, u64)> {
	let mut peak = 0;
	let output = ppl.finish_watched(deadline, |pid| {
		// Between its end and our learning of it there is nothing to read.
		peak = peak.max(peak_memory_mib(pid).unwrap_or_default());
		Ok(())
	})?;
	ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	ensure!(peak > 0, "nothing was measured");
	Ok((String::from_utf8(output.stdout)?.trim().to_owned(), peak))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_passes_through_little_memory() -> Result<()> {
	let mebibytes = match std::env::var("PEOPLES_CLOUD_BIG_OBJECT_MIB") {
		Ok(text) => text.parse().context("PEOPLES_CLOUD_BIG_OBJECT_MIB")?,
		Err(_) => OBJECT_MIB,
	};
	let bound = Duration::from_secs(60 + mebibytes * BOUND_SECONDS_A_MIB);
	let dir = tempfile::tempdir()?;
	let validator = Validator::start(dir.path())?;
	let chain = validator.chain().await?;
	let capacity = format!("{}MiB", 2 * mebibytes);
	let mut providers = start_providers(dir.path(), &validator, &chain, PROVIDERS, &["--capacity", &capacity]).await?;
	let (file, copy) = (dir.path().join("file"), dir.path().join("copy"));
	files::write_random(&file, mebibytes << 20, 1)?;

	// WHEN an object that is larger than the limit is stored and fetched
	let put = ["put", &file.to_string_lossy(), "--code", "2/3", "--periods", "100"];
	let (cid, put) = watch(validator.start_ppl("//Alice", &put)?, bound)?;
	let agreement = chain.agreements_by_object(object_from_cid(&cid)?).await?.pop().context("the agreement")?;
	let mut peaks = Vec::new();
	for provider in &mut providers {
		// The first column is as plain as the file: without it the get has to decode.
		if provider.account()? == agreement.columns[0].provider {
			peaks.push(peak_memory_mib(provider.pid().context("the provider runs")?)?);
			provider.kill()?;
		}
	}
	let (_, get) = watch(validator.start_ppl("//Alice", &["get", &cid, "-o", &copy.to_string_lossy()])?, bound)?;
	files::assert_same(&file, &copy)?;

	// THEN nobody has needed much memory for it
	for pid in providers.iter().filter_map(Provider::pid) {
		peaks.push(peak_memory_mib(pid)?);
	}
	println!("{mebibytes} MiB: put took {put} MiB, get {get} MiB, the providers {peaks:?} MiB");
	ensure!(put < MEMORY_LIMIT_MIB, "put took {put} MiB");
	ensure!(get < MEMORY_LIMIT_MIB, "get took {get} MiB");
	ensure!(
		peaks.len() == PROVIDERS && peaks.iter().all(|peak| *peak < MEMORY_LIMIT_MIB),
		"providers took {peaks:?} MiB"
	);
	for provider in &mut providers {
		provider.stop().with_context(|| provider.tail())?;
	}
	Ok(())
}
