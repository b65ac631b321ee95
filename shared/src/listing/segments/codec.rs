//! The stored form of a segment's parts.
//!
//! A part is a *frame*: a head, then the columns, compressed. Integers in the head are varints.
//!
//! | bytes | |
//! | --- | --- |
//! | 2 | `IR` |
//! | 1 | the version of the format |
//! | 1 | the series |
//! | 1 | the part |
//! | varint | the number of a part of ids, else 0 |
//! | varint | how many rows the segment has |
//! | varint | how many bytes the columns have, uncompressed |
//! | 4 | the CRC-32 of all of that and of the columns |
//! | the rest | the columns, compressed with DEFLATE |
//!
//! | column | how it is written |
//! | --- | --- |
//! | integers | how many bytes the largest has; the lowest bytes of all, then the next bytes of all, … |
//! | texts | how many there are; their lengths; the texts. How many sets of texts rows have; of each set its size and the places of its texts. The place of each row's set, as integers |
//! | times | the smallest; then, as integers, 0 if a row has none, else 1 and the difference to the time before, with its sign in the lowest bit |
//! | counts | the smallest; then, as integers, 0 if a row has none, else 1 and by how much it exceeds the smallest |
//! | ids | their last 10 bytes; the time of creation is before them |
//!
//! Whatever bytes are read, the result is an error or a valid segment, and takes memory in
//! proportion to the bytes: nothing is allocated because a number in them says so.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use flate2::{Compression, Crc, read::DeflateDecoder, write::DeflateEncoder};

use super::{
    columns::{Ints, Labels, Numbers},
    parts::{IDS_PER_PART, Part},
    rows::{Number, Series},
    segment::{Random, Segment},
};

const MAGIC: &[u8; 2] = b"IR";

/// Of another version, a part is not read but made again.
const VERSION: u8 = 1;

/// The most rows of a segment: far more than any bucket holds.
pub const MAX_ROWS: usize = 1 << 24;

/// The bytes are no part of this segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a part of this segment: {0}")]
pub struct InvalidPart(pub(super) &'static str);

type Result<T> = std::result::Result<T, InvalidPart>;

impl Segment {
    /// The bytes of a part. `None` if it is not in memory.
    #[must_use]
    pub fn encode(&self, part: Part) -> Option<Vec<u8>> {
        let mut columns = Vec::new();
        for field in part.fields(self.series()) {
            write_labels(&mut columns, self.labels(*field)?);
        }
        match part {
            Part::Created => write_times(&mut columns, self.created()?),
            Part::Number(Number::Count) => write_counts(&mut columns, self.numbers(Number::Count)?),
            Part::Number(number) => write_times(&mut columns, self.numbers(number)?),
            Part::Ids(part) => columns.extend(self.ids.get(&part)?.iter().flatten()),
            Part::Filters | Part::Words | Part::Problems => {}
        }
        let mut frame = head(self.series(), part, self.len(), columns.len());
        frame.extend(checksum(&frame, &columns));
        frame.extend(deflated(&columns, part));
        Some(frame)
    }

    /// Takes in a part from its bytes.
    ///
    /// # Errors
    /// [`InvalidPart`] if the bytes are broken, of another version, or another part or segment. Then
    /// the segment is as before.
    pub fn decode(&mut self, part: Part, bytes: &[u8]) -> Result<()> {
        let (series, rows) = (self.series(), self.len());
        let columns = columns_of(series, part, rows, bytes)?;
        let mut columns = Reader { bytes: &columns };
        let mut decoded = self.clone();
        for field in part.fields(series) {
            decoded.labels[*field as usize] = Some(Arc::new(read_labels(&mut columns, rows)?));
        }
        match part {
            Part::Created => {
                let created = read_times(&mut columns, rows)?;
                let times = || (0..rows).map(|row| created.get(row));
                let is_complete = times().all(|time| time.is_some_and(|time| (0..1 << 48).contains(&time)));
                valid(is_complete && times().is_sorted(), "the times of creation do not ascend")?;
                decoded.created = Some(Arc::new(created));
            }
            Part::Number(number @ Number::Count) => {
                decoded.numbers[number as usize] = Some(Arc::new(read_counts(&mut columns, rows)?));
            }
            Part::Number(number) => {
                decoded.numbers[number as usize] = Some(Arc::new(read_times(&mut columns, rows)?));
            }
            Part::Ids(number) => {
                let before = (number as usize).saturating_mul(IDS_PER_PART);
                let count = rows.saturating_sub(before).min(IDS_PER_PART);
                valid(count > 0 && columns.bytes.len() == count * size_of::<Random>(), "another number of ids")?;
                let mut ids = vec![Random::default(); count];
                ids.as_flattened_mut().copy_from_slice(columns.take(count * size_of::<Random>())?);
                decoded.ids.insert(number, Arc::new(ids));
            }
            Part::Filters | Part::Words | Part::Problems => {}
        }
        valid(columns.bytes.is_empty(), "it goes on behind its end")?;
        *self = decoded;
        Ok(())
    }

    /// The bytes of all parts, one after the other.
    #[must_use]
    pub fn encode_whole(&self) -> Option<Vec<u8>> {
        let mut whole = Vec::new();
        write_varint(&mut whole, self.len() as u64);
        for part in Part::all(self.series(), self.len()) {
            let frame = self.encode(part)?;
            write_varint(&mut whole, frame.len() as u64);
            whole.extend(frame);
        }
        Some(whole)
    }

    /// A segment from the bytes of all of its parts.
    ///
    /// # Errors
    /// [`InvalidPart`] if the bytes are broken, of another version, or another series.
    pub fn decode_whole(series: Series, bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader { bytes };
        let rows = reader.size()?;
        // Each part of ids has a frame, so the bytes bound the rows.
        valid(rows <= bytes.len().saturating_mul(IDS_PER_PART), "it has more rows than bytes")?;
        let mut segment = Self::unloaded(series, rows);
        for part in Part::all(series, rows) {
            let length = reader.size()?;
            segment.decode(part, reader.take(length)?)?;
        }
        valid(reader.bytes.is_empty(), "it goes on behind its end")?;
        Ok(segment)
    }
}

fn head(series: Series, part: Part, rows: usize, length: usize) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend([VERSION, series as u8, part.tag()]);
    write_varint(&mut head, if let Part::Ids(number) = part { u64::from(number) } else { 0 });
    write_varint(&mut head, rows as u64);
    write_varint(&mut head, length as u64);
    head
}

fn checksum(head: &[u8], columns: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(head);
    crc.update(columns);
    crc.sum().to_be_bytes()
}

#[expect(clippy::expect_used, reason = "writing to memory does not fail")]
fn deflated(columns: &[u8], part: Part) -> Vec<u8> {
    // Random bytes do not shrink.
    let level = if matches!(part, Part::Ids(_)) { Compression::none() } else { Compression::default() };
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(columns).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

/// The columns of a frame. The head must be that of this part of this segment.
fn columns_of(series: Series, part: Part, rows: usize, bytes: &[u8]) -> Result<Vec<u8>> {
    valid(rows <= MAX_ROWS, "it has too many rows")?;
    let mut reader = Reader { bytes };
    valid(reader.take(2)? == MAGIC, "it is none")?;
    valid(reader.byte()? == VERSION, "another version")?;
    valid(reader.byte()? == series as u8, "another series")?;
    let tag = reader.byte()?;
    let number = u32::try_from(reader.varint()?).map_err(|_| InvalidPart("another part"))?;
    valid(Part::of_tag(tag, number) == Some(part), "another part")?;
    valid(reader.size()? == rows, "another number of rows")?;
    let length = reader.size()?;
    let expected = reader.take(4)?;
    let mut columns = Vec::new();
    let inflated = DeflateDecoder::new(reader.bytes).take(length as u64 + 1).read_to_end(&mut columns);
    valid(inflated.is_ok() && columns.len() == length, "another length")?;
    valid(checksum(&head(series, part, rows, length), &columns) == expected, "the checksum is another")?;
    Ok(columns)
}

fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(0x80 | u8::try_from(value & 0x7f).unwrap_or(0));
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or(0));
}

/// Integers as planes: all of their lowest bytes, then the next, as many as the largest has. Planes of high bytes are
/// monotonous, so they compress well.
fn write_ints(bytes: &mut Vec<u8>, values: &[u64]) {
    let max = values.iter().max().copied().unwrap_or(0);
    let planes = (64 - max.leading_zeros()).div_ceil(8);
    bytes.push(u8::try_from(planes).unwrap_or(8));
    for plane in 0..planes as usize {
        bytes.extend(values.iter().map(|value| value.to_le_bytes()[plane]));
    }
}

fn read_ints(reader: &mut Reader<'_>, rows: usize) -> Result<Ints> {
    let planes = usize::from(reader.byte()?);
    valid(planes <= 8, "integers of more than 64 bits")?;
    if planes == 0 {
        return Ok(Ints::Zeros(rows));
    }
    let bytes = reader.take(planes.saturating_mul(rows))?;
    let mut values = vec![0_u64; rows];
    for (plane, bytes) in bytes.chunks_exact(rows.max(1)).enumerate() {
        values.iter_mut().zip(bytes).for_each(|(value, byte)| *value |= u64::from(*byte) << (8 * plane));
    }
    Ok(Ints::of(&values))
}

fn write_labels(bytes: &mut Vec<u8>, labels: &Labels) {
    let texts = || (0..labels.text_count()).map(|place| labels.text(place));
    write_varint(bytes, labels.text_count() as u64);
    texts().for_each(|text| write_varint(bytes, text.len() as u64));
    texts().for_each(|text| bytes.extend(text.as_bytes()));
    write_varint(bytes, labels.code_count() as u64);
    for code in 0..labels.code_count() {
        let places = labels.places_of(code);
        write_varint(bytes, places.len() as u64);
        for place in places {
            write_varint(bytes, u64::from(*place));
        }
    }
    write_ints(bytes, &labels.codes().to_vec());
}

fn read_labels(reader: &mut Reader<'_>, rows: usize) -> Result<Labels> {
    let mut labels = Labels::default();
    let count = reader.size_within_rest()?;
    let lengths: Vec<usize> = (0..count).map(|_| reader.size()).collect::<Result<_>>()?;
    for length in lengths {
        let text = std::str::from_utf8(reader.take(length)?).map_err(|_| InvalidPart("a text is not UTF-8"))?;
        labels.push_text(text);
    }
    for _ in 0..reader.size_within_rest()? {
        for _ in 0..reader.size_within_rest()? {
            let place = reader.place(labels.text_count())?;
            labels.push_place(place);
        }
        labels.end_set();
    }
    let codes = read_ints(reader, rows)?;
    let is_known = (0..rows).all(|row| codes.get(row) < labels.code_count() as u64);
    valid(is_known, "a row has an unknown code")?;
    Ok(labels.with_codes(codes))
}

/// Small numbers, by how much they exceed the smallest.
fn write_counts(bytes: &mut Vec<u8>, numbers: &Numbers) {
    write_varint(bytes, zigzag(numbers.min()));
    write_ints(bytes, &numbers.places().to_vec());
}

fn read_counts(reader: &mut Reader<'_>, rows: usize) -> Result<Numbers> {
    let min = unzigzag(reader.varint()?);
    let places = read_ints(reader, rows)?;
    if matches!(places, Ints::Zeros(_)) {
        return Ok(Numbers::absent(rows));
    }
    let value = |row| places.get(row).checked_sub(1).map(|place| min.wrapping_add_unsigned(place));
    Ok(Numbers::of(&(0..rows).map(value).collect::<Vec<_>>()))
}

/// Times, by how much they differ from the one before: rows are in the order of creation.
fn write_times(bytes: &mut Vec<u8>, numbers: &Numbers) {
    let mut before = numbers.min();
    write_varint(bytes, zigzag(before));
    let rows = 0..numbers.places().len();
    let difference = |row| {
        numbers.get(row).map_or(0, |value| {
            let difference = zigzag(value.wrapping_sub(before));
            before = value;
            difference.saturating_add(1)
        })
    };
    write_ints(bytes, &rows.map(difference).collect::<Vec<_>>());
}

fn read_times(reader: &mut Reader<'_>, rows: usize) -> Result<Numbers> {
    let mut before = unzigzag(reader.varint()?);
    let differences = read_ints(reader, rows)?;
    if matches!(differences, Ints::Zeros(_)) {
        return Ok(Numbers::absent(rows));
    }
    let value = |row| {
        differences.get(row).checked_sub(1).map(|difference| {
            before = before.wrapping_add(unzigzag(difference));
            before
        })
    };
    Ok(Numbers::of(&(0..rows).map(value).collect::<Vec<_>>()))
}

/// Small numbers for small differences of either sign.
const fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

struct Reader<'bytes> {
    bytes: &'bytes [u8],
}

impl<'bytes> Reader<'bytes> {
    fn take(&mut self, length: usize) -> Result<&'bytes [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(InvalidPart("it ends early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(InvalidPart("an integer has more than 64 bits"))
    }

    fn size(&mut self) -> Result<usize> {
        usize::try_from(self.varint()?).map_err(|_| InvalidPart("it is larger than memory"))
    }

    /// How many of something that takes at least a byte each.
    fn size_within_rest(&mut self) -> Result<usize> {
        let size = self.size()?;
        valid(size <= self.bytes.len(), "it ends early")?;
        Ok(size)
    }

    /// A place in a list of so many.
    fn place(&mut self, count: usize) -> Result<u32> {
        let place = self.size()?;
        valid(place < count, "a text is missing")?;
        u32::try_from(place).map_err(|_| InvalidPart("a text is missing"))
    }
}

const fn valid(is_valid: bool, reason: &'static str) -> Result<()> {
    if is_valid { Ok(()) } else { Err(InvalidPart(reason)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame that is whole, whatever its columns are.
    fn frame(series: Series, part: Part, rows: usize, columns: &[u8]) -> Vec<u8> {
        let mut frame = head(series, part, rows, columns.len());
        frame.extend(checksum(&frame, columns));
        frame.extend(deflated(columns, part));
        frame
    }

    proptest! {
        /// The checksum keeps accidents out. This is what is behind it.
        #[test]
        fn whole_frames_of_any_columns_are_an_error_or_a_part(
            series in prop::sample::select(vec![Series::Alerts, Series::Incidents]), rows in 0_usize..900,
            columns in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(0_u8..4, 0..300),
                prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0x80), Just(0xff)], 0..300),
            ],
        ) {
            for part in Part::all(series, rows) {
                let mut segment = Segment::unloaded(series, rows);
                if segment.decode(part, &frame(series, part, rows, &columns)).is_ok() {
                    prop_assert!(segment.has(part));
                    prop_assert!(segment.memory() <= size_of::<Segment>() + 16 * columns.len());
                    for row in 0..rows {
                        let _ = segment.id(row);
                        part.fields(series).iter().for_each(|field| drop(segment.labels(*field).map(|labels| labels.get(row))));
                    }
                    let again = segment.encode(part).unwrap();
                    let mut other = Segment::unloaded(series, rows);
                    prop_assert_eq!(other.decode(part, &again), Ok(()));
                }
            }
        }
    }

    #[test]
    fn a_frame_of_another_version_or_with_too_many_rows_is_an_error() {
        let mut other = frame(Series::Alerts, Part::Created, 0, &[0, 0]);
        other[2] = VERSION + 1;
        let mut segment = Segment::unloaded(Series::Alerts, 0);
        assert_eq!(segment.decode(Part::Created, &other), Err(InvalidPart("another version")));
        let mut large = Segment::unloaded(Series::Alerts, MAX_ROWS + 1);
        let frame = frame(Series::Alerts, Part::Created, MAX_ROWS + 1, &[0, 0]);
        assert_eq!(large.decode(Part::Created, &frame), Err(InvalidPart("it has too many rows")));
    }
}
