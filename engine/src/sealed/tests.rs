#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn key(byte: u8) -> SealingKey {
    SealingKey::from_bytes(Zeroizing::new([byte; 32]))
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), &key(1)).unwrap();
    sealer.write_all(plain).unwrap();
    sealer.finish().unwrap()
}

fn unsealed(sealed: &[u8], key: &SealingKey) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let mut unsealer = Unsealer::new(sealed, key).map_err(|error| error.to_string())?;
    unsealer.read_to_end(&mut plain).map_err(|error| error.to_string())?;
    Ok(plain)
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

#[test]
fn files_of_every_length_around_a_chunk_are_read_back() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
        assert_eq!(unsealed(&sealed(&text(length)), &key(1)).unwrap(), text(length), "{length}");
    }
}

#[test]
fn another_key_is_told_from_a_changed_file() {
    let file = sealed(b"patients");
    assert_eq!(unsealed(&file, &key(2)).unwrap_err(), "it is sealed with another key");
    assert_eq!(unsealed(b"PAR1", &key(1)).unwrap_err(), "it is no sealed file, or was changed");
}

#[test]
fn a_file_cut_off_at_any_chunk_or_with_chunks_in_another_order_is_refused() {
    let file = sealed(&text(3 * CHUNK));
    let chunk = CHUNK + TAG;
    for end in [HEAD, HEAD + chunk, HEAD + 2 * chunk, file.len() - 1] {
        assert!(unsealed(&file[..end], &key(1)).is_err(), "{end}");
    }
    let mut reordered = file.clone();
    reordered.copy_within(HEAD + chunk..HEAD + 2 * chunk, HEAD);
    assert!(unsealed(&reordered, &key(1)).is_err());
    let mut longer = file;
    longer.push(0);
    assert!(unsealed(&longer, &key(1)).is_err());
}

#[test]
fn the_same_bytes_never_make_the_same_file() {
    assert_ne!(sealed(b"patients"), sealed(b"patients"));
}

proptest! {
    #[test]
    fn any_flipped_bit_is_noticed(place in 0..10_000_usize, bit in 0..8) {
        let mut file = sealed(&text(100));
        let place = place % file.len();
        file[place] ^= 1_u8 << bit;
        prop_assert!(unsealed(&file, &key(1)).is_err());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut file = sealed(b"")[..HEAD].to_vec();
        file.extend(bytes);
        prop_assert!(unsealed(&file, &key(1)).is_err());
    }
}
