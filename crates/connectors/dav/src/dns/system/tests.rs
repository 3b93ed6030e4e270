//! Against a name server of the test's own, on loopback: nothing leaves this machine.

use super::*;
use hickory_resolver::{
    config::{ConnectionConfig, NameServerConfig},
    proto::{
        op::{Message, ResponseCode},
        rr::{
            Record,
            rdata::{CNAME, SRV, TXT},
        },
    },
};
use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What the server says of a question; none to say nothing.
type Zone = fn(&str, RecordType) -> Option<Result<Vec<Record>, ResponseCode>>;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn zone(asked: &str, kind: RecordType) -> Option<Result<Vec<Record>, ResponseCode>> {
    let record = |owner: &str, data| Record::from_rdata(name(owner), 300, data);
    Some(Ok(match (asked, kind) {
        ("_caldavs._tcp.example.org.", RecordType::SRV) => vec![
            record(asked, RData::SRV(SRV::new(10, 5, 8443, name("dav.example.org.")))),
            record(asked, RData::SRV(SRV::new(20, 0, 443, name("old.example.org.")))),
        ],
        ("_caldavs._tcp.example.org.", RecordType::TXT) => vec![
            record(asked, RData::TXT(TXT::new(vec!["txtvers=1".into(), "path=/dav".into()]))),
            record(asked, RData::TXT(TXT::from_bytes(vec![b"path=/\xff"]))),
        ],
        ("_carddavs._tcp.example.org.", RecordType::SRV) => vec![record(asked, RData::SRV(SRV::new(0, 0, 0, Name::root())))],
        ("_caldavs._tcp.alias.example.", RecordType::SRV) => vec![
            record(asked, RData::CNAME(CNAME(name("_caldavs._tcp.real.example.")))),
            record("_caldavs._tcp.real.example.", RData::SRV(SRV::new(1, 2, 443, name("dav.real.example.")))),
        ],
        ("_caldavs._tcp.alias.example.", RecordType::CNAME) => {
            vec![record(asked, RData::CNAME(CNAME(name("_caldavs._tcp.real.example."))))]
        }
        ("_caldavs._tcp.real.example.", RecordType::SRV) => {
            vec![record(asked, RData::SRV(SRV::new(1, 2, 443, name("dav.real.example."))))]
        }
        ("loop.example.", RecordType::CNAME) => vec![record(asked, RData::CNAME(CNAME(name("loop.example."))))],
        // One question of several fails.
        ("halting.example.", RecordType::SRV) => Vec::new(),
        ("halting.example.", RecordType::CNAME) => return Some(Err(ResponseCode::ServFail)),
        ("dropped.example.", RecordType::SRV) => Vec::new(),
        ("dropped.example.", RecordType::CNAME) => return None,
        ("empty.example.", _) => Vec::new(),
        ("broken.example.", _) => return Some(Err(ResponseCode::ServFail)),
        ("refused.example.", _) => return Some(Err(ResponseCode::Refused)),
        ("silent.example.", _) => return None,
        _ => return Some(Err(ResponseCode::NXDomain)),
    }))
}

/// A name server in a thread, which ends with the process; how many questions it got; and a resolver that asks it alone.
fn resolver(zone: Zone) -> (SystemDns, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut udp = ConnectionConfig::udp();
    udp.port = socket.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            seen.fetch_add(1, Ordering::SeqCst);
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let query = question.queries[0].clone();
            let Some(said) = zone(&query.name().to_ascii(), query.query_type()) else { continue };
            let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
            answer.add_query(query);
            match said {
                Ok(records) => {
                    answer.add_answers(records);
                }
                Err(code) => answer.metadata.response_code = code,
            }
            socket.send_to(&answer.to_vec().unwrap(), from).unwrap();
        }
    });
    let server = NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![udp]);
    let servers = ResolverConfig::from_name_servers(vec![server]);
    let patience = Duration::from_secs(2);
    (SystemDns { servers: Some(servers), patience, resolver: Mutex::default() }, count)
}

#[tokio::test]
async fn records_are_read_and_kept_for_their_time() {
    let (dns, count) = resolver(zone);
    let mut servers = dns.srv("_caldavs._tcp.example.org").await.unwrap();
    servers.sort_by_key(|srv| srv.priority);
    assert_eq!(servers, [Srv::new(10, 5, 8443, "dav.example.org."), Srv::new(20, 0, 443, "old.example.org.")]);
    assert_eq!(dns.srv("_carddavs._tcp.example.org").await.unwrap(), [Srv::new(0, 0, 0, ".")]);
    assert_eq!(dns.srv("_caldavs._tcp.alias.example").await.unwrap(), [Srv::new(1, 2, 443, "dav.real.example.")]);
    let mut texts = dns.txt("_caldavs._tcp.example.org").await.unwrap();
    texts.sort();
    assert_eq!(texts, ["path=/dav", "path=/\u{fffd}", "txtvers=1"]);
    let asked = count.load(Ordering::SeqCst);
    dns.srv("_caldavs._tcp.example.org").await.unwrap();
    dns.txt("_caldavs._tcp.example.org").await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), asked);
}

#[tokio::test]
async fn no_record_is_an_empty_list_and_no_answer_an_error_in_one_line() {
    let (dns, _) = resolver(zone);
    for none in ["nowhere.example", "empty.example", "loop.example", &"a".repeat(64), &"a.".repeat(200)] {
        assert_eq!(dns.srv(none).await.unwrap(), [], "{none}");
        assert_eq!(dns.txt(none).await.unwrap(), [""; 0], "{none}");
    }
    for failing in ["broken.example", "refused.example", "silent.example", "halting.example", "dropped.example"] {
        let error = dns.srv(failing).await.unwrap_err();
        assert!(error.is_temporary() && error.kind() == ErrorKind::Transport, "{failing}: {error}");
        assert!(error.to_string().contains("DNS") && !error.to_string().contains('\n'), "{failing}: {error}");
    }
}

/// One alias after the other, and each answer takes a while.
fn slow(asked: &str, kind: RecordType) -> Option<Result<Vec<Record>, ResponseCode>> {
    thread::sleep(Duration::from_millis(60));
    let alias = Record::from_rdata(name(asked), 300, RData::CNAME(CNAME(name(&format!("a.{asked}")))));
    Some(Ok(if kind == RecordType::CNAME { vec![alias] } else { Vec::new() }))
}

#[tokio::test]
async fn a_look_up_has_one_time_for_all_its_questions() {
    let (mut dns, count) = resolver(slow);
    // Enough for each question, and not for the eight that there are.
    dns.patience = Duration::from_millis(300);
    let error = dns.srv("slow.example").await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("in time"), "{error}");
    assert!(count.load(Ordering::SeqCst) < 2 * ALIASES, "the rest is not asked any more");
    assert!(dns.held().is_none(), "the next question reads the configuration anew");
}

#[tokio::test]
async fn a_machine_without_name_servers_has_no_answer() {
    let dns = SystemDns { servers: Some(ResolverConfig::from_name_servers(Vec::new())), patience: PATIENCE, resolver: Mutex::default() };
    assert!(dns.srv("_caldavs._tcp.example.org").await.unwrap_err().is_temporary());
    assert!(dns.resolver.lock().unwrap().is_none(), "the next question reads the configuration anew");
}
