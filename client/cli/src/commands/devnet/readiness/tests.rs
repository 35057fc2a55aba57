use tokio::net::TcpListener;

use super::*;

fn paused() -> ProviderInfo {
	ProviderInfo {
		account: [1; 32],
		peer_id: vec![1],
		addresses: Vec::new(),
		operator: "operator".into(),
		region: String::new(),
		bonded: 1,
		active: false,
		standing: "paused".into(),
		offer: None,
		committed_chunks: 0,
		score_ppm: 500_000,
	}
}

/// A daemon's status page that says what its registration does, in a data directory.
async fn daemon(doing: &str) -> tempfile::TempDir {
	let directory = tempfile::tempdir().unwrap();
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let address = listener.local_addr().unwrap();
	fs::write(directory.path().join(STATUS_ADDRESS), format!("{address}\n")).unwrap();
	let body = serde_json::json!({
		"peer_id": "12D3KooW",
		"queue": [],
		"workers": { "keep_registered": { "doing": doing, "done": 1 }, "scrub": { "doing": "nothing" } },
	});
	let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{body}");
	tokio::spawn(async move {
		loop {
			let (mut socket, _) = listener.accept().await.unwrap();
			let mut request = [0; 1024];
			let _ = socket.read(&mut request).await;
			socket.write_all(answer.as_bytes()).await.unwrap();
		}
	});
	directory
}

#[tokio::test]
async fn a_provider_that_takes_no_work_is_ready_when_its_daemon_answers() {
	let directory = daemon("registered, paused").await;
	let ready = idle(directory.path(), [1; 32], Some(&paused())).await.unwrap();
	assert_eq!((ready.active, ready.standing.as_str(), ready.peer_id.as_str()), (false, "paused", "12D3KooW"));
	forget(directory.path()).unwrap();
	assert!(idle(directory.path(), [1; 32], Some(&paused())).await.is_none(), "what an earlier run left is no answer");
}

#[tokio::test]
async fn a_provider_that_has_left_is_ready_and_one_that_comes_is_not() {
	let left = daemon(keep_registered::LEFT).await;
	assert_eq!(idle(left.path(), [1; 32], None).await.unwrap().standing, keep_registered::LEFT);
	let coming = daemon("registering").await;
	assert!(idle(coming.path(), [1; 32], None).await.is_none());
}
