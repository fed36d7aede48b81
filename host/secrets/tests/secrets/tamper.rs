//! Whoever has no key may change the file's text, and gets nothing by it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_secrets::{FileFault, Identities};

use crate::support::{Room, TODAY, sealed};

/// Changes the text, and gives what reading `deploy` then says.
fn fault(room: &Room, change: impl Fn(&str) -> String) -> FileFault {
    let (before, after) = (room.text(), change(&room.text()));
    assert_ne!(before, after, "nothing was changed");
    let file = room.read(&after).unwrap();
    let error = file.value("deploy", &room.keys).unwrap_err();
    // What one entry's reader sees, whoever encrypts all of them anew sees too.
    assert!(file.verify(&room.keys).is_err());
    error.fault
}

#[test]
fn hosts_in_the_clear_cannot_be_changed() {
    let room = Room::new();
    for hosts in ["\"evil.example\"", "\"api.example\", \"evil.example\"", "", "\"api.example:80\""] {
        let fault = fault(&room, |text| text.replace("hosts = [\"api.example\"]", &format!("hosts = [{hosts}]")));
        assert!(matches!(fault, FileFault::HostsChanged { .. }), "{fault:?}");
        assert!(fault.to_string().starts_with("the hosts of `deploy` were changed without the key"), "{fault}");
    }
}

#[test]
fn a_ciphertext_cannot_move_to_another_name() {
    let room = Room::new();
    let renamed =
        |text: &str| text.replace("[secrets.sign]", "[secrets.other]").replace("[secrets.deploy]", "[secrets.sign]");
    let file = room.read(&renamed(&room.text())).unwrap();
    let error = file.value("sign", &room.keys).unwrap_err();
    assert!(matches!(&error.fault, FileFault::Moved { sealed, .. } if sealed == "deploy"), "{error}");
}

#[test]
fn swapped_ciphertexts_are_noticed() {
    let room = Room::new();
    let text = room.text();
    let (one, other) = (sealed(&text, "deploy"), sealed(&text, "sign"));
    let fault =
        fault(&room, |text| text.replace(one, "-").replace(other, one).replace("\"-\"", &format!("\"{other}\"")));
    assert!(matches!(fault, FileFault::Moved { .. }), "{fault:?}");
}

#[test]
fn recipients_in_the_clear_cannot_be_changed() {
    let room = Room::new();
    let stranger = Identities::generate().recipient();
    let added = fault(&room, |text| text.replace("recipients = [", &format!("recipients = [\"{stranger}\",")));
    assert!(matches!(added, FileFault::RecipientsChanged(_)), "{added:?}");
    let own = room.keys.recipient().to_string();
    let replaced = fault(&room, |text| text.replace(&own, &stranger.to_string()));
    assert!(matches!(replaced, FileFault::RecipientsChanged(_)), "{replaced:?}");
}

#[test]
fn every_changed_byte_of_a_ciphertext_is_noticed() {
    let room = Room::new();
    let text = room.text();
    let before = sealed(&text, "deploy");
    let bytes = STANDARD.decode(before).unwrap();
    for at in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let fault = fault(&room, |text| text.replace(before, &STANDARD.encode(&changed)));
        assert!(matches!(fault, FileFault::Damaged(_) | FileFault::OtherKeys { .. }), "byte {at}: {fault:?}");
    }
    for length in [0, 1, 20, bytes.len() - 1] {
        let fault = fault(&room, |text| text.replace(before, &STANDARD.encode(&bytes[..length])));
        assert!(matches!(fault, FileFault::Damaged(_)), "{length} bytes: {fault:?}");
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    let fault = fault(&room, |text| text.replace(before, &STANDARD.encode(&longer)));
    assert!(matches!(fault, FileFault::Damaged(_)), "{fault:?}");
}

#[test]
fn nothing_is_encrypted_anew_or_edited_from_a_changed_file() {
    let room = Room::new();
    let mut file = room.read(&room.text().replace("\"api.example\"", "\"evil.example\"")).unwrap();
    let rotated = file.rotate(&[room.keys.recipient()], &room.keys, TODAY).unwrap_err();
    assert!(matches!(rotated.fault, FileFault::HostsChanged { .. }));
    assert!(matches!(file.to_plain(&room.keys).unwrap_err().fault, FileFault::HostsChanged { .. }));
}
