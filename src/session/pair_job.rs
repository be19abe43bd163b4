//! Jobs and answers of a pair as fields of messages: those of the one, then those of the other.

use super::job::{Fields, number};
use super::sign::{PairFailure, SignFailure, SignJob, SignReply};

/// The fields of both of a pair: how many the first has, then all.
#[must_use]
pub fn pair_to_fields(both: [Vec<Vec<u8>>; 2]) -> Vec<Vec<u8>> {
    let [first, second] = both;
    let mut fields = vec![(first.len() as u64).to_be_bytes().to_vec()];
    fields.extend(first);
    fields.extend(second);
    fields
}

fn how_many_of_first(fields: &Fields) -> Option<usize> {
    usize::try_from(number(fields.first()?)?).ok()
}

/// Reads the jobs of a pair.
#[must_use]
pub fn pair_from_fields(fields: &Fields) -> Option<[SignJob<'_>; 2]> {
    let (first, second) = fields
        .get(1..)?
        .split_at_checked(how_many_of_first(fields)?)?;
    Some([SignJob::from_fields(first)?, SignJob::from_fields(second)?])
}

/// Reads the answers to a pair.
#[must_use]
pub fn pair_of_replies(fields: &mut Fields) -> Option<[SignReply; 2]> {
    let count = how_many_of_first(fields)?;
    let (first, second) = fields.get_mut(1..)?.split_at_mut_checked(count)?;
    Some([
        SignReply::from_fields(first)?,
        SignReply::from_fields(second)?,
    ])
}

impl PairFailure {
    /// The fields of the refusal: whose, why, and the verdicts.
    #[must_use]
    pub fn into_fields(self) -> Vec<Vec<u8>> {
        let mut fields = self.failure.into_fields();
        fields.push(vec![u8::from(self.of != 0)]);
        fields
    }

    /// Reads [`PairFailure::into_fields`]; a job that couldn't be read is the first one's fault.
    #[must_use]
    pub fn from_fields(fields: &Fields) -> Option<Self> {
        let (of, failure) = match fields {
            [refusal @ .., of] if refusal.len() == 2 => {
                (usize::from(of.as_slice() == [1]), refusal)
            }
            _ => (0, fields),
        };
        let failure = SignFailure::from_fields(failure)?;
        Some(Self { of, failure })
    }
}
