use super::*;

#[test]
fn the_limit_of_open_files_is_raised_as_far_as_it_goes() {
	let (_, hard) = getrlimit(Resource::NOFILE).unwrap();
	// One less: other tests of the process are not to run out.
	rlimit::setrlimit(Resource::NOFILE, hard - 1, hard).unwrap();
	assert_eq!(raise_open_files(0), hard);
	assert_eq!(getrlimit(Resource::NOFILE).unwrap(), (hard, hard));
}

#[test]
fn a_limit_below_the_need_is_told_with_both_numbers() {
	assert_eq!(too_few(2_000, 2_000), None);
	let warning = too_few(1_024, 2_000).unwrap();
	assert!(warning.contains("1024") && warning.contains("2000") && warning.contains("LimitNOFILE"), "{warning}");
}
