use super::*;

fn flags(arguments: &[&str]) -> Flags {
	let mut all = vec!["peoples-cloud-provider", "--suri", "//Alice"];
	all.extend(arguments);
	Flags::try_parse_from(all).unwrap()
}

fn parse(text: &str) -> Result<File, ConfigError> {
	File::parse(Path::new("provider.toml"), text)
}

#[test]
fn an_unknown_key_is_named_with_its_line_in_one_sentence() {
	let error = parse("[storage]\ncapacity = \"1GiB\"\ncapcity = \"2GiB\"\n").unwrap_err().to_string();
	assert!(error.starts_with("provider.toml, line 3: unknown field `capcity`"), "{error}");
	assert!(!error.contains('\n'), "{error}");
	let error = parse("[stroage]\n").unwrap_err().to_string();
	assert!(error.starts_with("provider.toml, line 1: unknown field `stroage`"), "{error}");
	let error = parse("[chain]\nurl = 5\n").unwrap_err().to_string();
	assert!(error.starts_with("provider.toml, line 2: ") && !error.contains('\n'), "{error}");
}

#[test]
fn a_wrong_value_names_its_key() {
	for (text, key) in [
		("[storage]\ncapacity = \"ten\"", "storage.capacity: "),
		("[storage]\nprice = \"-1\"", "storage.price: "),
		("[storage]\nscrub_interval = \"10\"", "storage.scrub_interval: "),
		("[storage]\nmin_duration = 0", "storage.min_duration: "),
		("[provider]\nbond = \"1.2.3\"", "provider.bond: "),
		("[provider]\nregion = \"a region with a long name\"", "provider.region: "),
		("[provider]\noperator = \"\"", "provider.operator: "),
		("[provider]\noperator = \"a\\u001b[2Jb\"", "provider.operator: "),
		("[chain]\nurl = \"http://127.0.0.1:9944\"", "chain.url: "),
		("[chain]\nurl = \"127.0.0.1:9944\"", "chain.url: "),
		("[chain]\nurl = \"wss://\"", "chain.url: "),
		("[network]\nmax_connections = 0", "network.max_connections: "),
	] {
		let error = Settings::combine(flags(&[]), parse(text).unwrap()).unwrap_err().to_string();
		assert!(error.starts_with(key), "{error}");
		assert!(!error.contains('\n'), "{error}");
	}
}

#[test]
fn flags_go_before_the_file_and_the_file_before_defaults() {
	let text = "data_dir = \"/srv/cloud\"\nworkers = [\"prove\", \"serve\"]\n[chain]\nurl = \"ws://a\"\n\
		[storage]\ncapacity = \"1GiB\"\nprice = \"0.5\"\n[network]\nupnp = false\nlisten = [\"/ip4/127.0.0.1/tcp/1\"]\n";
	let settings = Settings::combine(flags(&["--capacity", "2GiB", "--register"]), parse(text).unwrap()).unwrap();
	assert_eq!(settings.registration.offer.capacity_chunks, 2 << 20);
	assert_eq!(settings.registration.offer.price, 500_000_000_000);
	assert_eq!(settings.registration.bond, Some(1000 * 1_000_000_000_000));
	assert_eq!(settings.url, "ws://a");
	assert!(settings.scrub.heal);
	assert!(!Settings::combine(flags(&["--no-heal"]), File::default()).unwrap().scrub.heal);
	assert_eq!(settings.workers, BTreeSet::from([WorkerKind::Serve, WorkerKind::Prove]));
	assert_eq!(settings.network.listen.len(), 1);
	assert!(!settings.network.upnp);
	assert_eq!(settings.network.keypair_path, Some("/srv/cloud/network.key".into()));

	let defaults = Settings::combine(flags(&[]), File::default()).unwrap();
	assert_eq!(defaults.registration.bond, None);
	assert_eq!(defaults.workers.len(), WorkerKind::ALL.len());
	assert_eq!(defaults.scrub.interval, Duration::from_secs(14 * 86_400));
}

#[test]
fn development_stays_on_the_loopback_interface() {
	let settings = Settings::combine(flags(&["--dev", "--scrub-interval", "10s"]), File::default()).unwrap();
	assert!(settings.network.listen.iter().all(|address| address.to_string().starts_with("/ip4/127.0.0.1/")));
	assert!(!settings.network.upnp && !settings.network.mdns);
	assert!(settings.registration.bond.is_some());
	assert_eq!(settings.scrub.interval, Duration::from_secs(10));
}

#[test]
fn the_secret_comes_from_a_file_or_the_environment() {
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("suri");
	std::fs::write(&path, "//Bob\nignored\n").unwrap();
	let file = File { account: AccountSection { suri_file: Some(path) }, ..File::default() };
	let settings = Settings::combine(Flags::default(), file).unwrap();
	assert_eq!(settings.signer.account(), Signer::from_suri("//Bob").unwrap().account());
	assert!(matches!(Settings::combine(Flags::default(), File::default()), Err(ConfigError::NoAccount)));
	// A variable that is set to nothing names no account: least of all the one that everybody knows.
	for empty in ["", " "] {
		let flags = Flags { suri: Some(empty.into()), url: Some(empty.into()), ..Flags::default() };
		assert!(matches!(Settings::combine(flags, File::default()), Err(ConfigError::NoAccount)));
	}
	let path = dir.path().join("empty");
	std::fs::write(&path, "\n").unwrap();
	let file = File { account: AccountSection { suri_file: Some(path) }, ..File::default() };
	assert!(matches!(Settings::combine(Flags::default(), file), Err(ConfigError::Secret(_))));
	let file = File { account: AccountSection { suri_file: Some("/nowhere".into()) }, ..File::default() };
	let error = Settings::combine(Flags::default(), file).unwrap_err().to_string();
	assert!(error.starts_with("account.suri_file: /nowhere: "), "{error}");
	assert!(!format!("{:?}", Settings::combine(flags(&[]), File::default()).unwrap()).contains("//Alice"));
}

#[test]
fn the_example_is_valid() {
	let mut file = parse(include_str!("../../provider.example.toml")).unwrap();
	file.account.suri_file = None;
	let settings = Settings::combine(flags(&[]), file).unwrap();
	assert_eq!(settings.workers.len(), WorkerKind::ALL.len());
	assert_eq!(settings.registration.offer, Settings::combine(flags(&[]), File::default()).unwrap().registration.offer);
}
