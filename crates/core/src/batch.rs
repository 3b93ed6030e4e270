//! Answers of a batch, put back into the order of its questions.

use crate::{Error, ErrorKind, Result};

/// One answer per question, in order, whatever order the provider answered in. A question without
/// an answer gets `missing`; an answer to no question is an error, because then no answer can be trusted.
///
/// # Errors
/// `Unexpected` when two answers claim one place or one claims a place that does not exist.
pub fn in_order<T>(len: usize, answers: impl IntoIterator<Item = (usize, T)>, mut missing: impl FnMut(usize) -> T) -> Result<Vec<T>> {
    let mut places: Vec<Option<T>> = std::iter::repeat_with(|| None).take(len).collect();
    for (place, answer) in answers {
        match places.get_mut(place) {
            Some(slot @ None) => *slot = Some(answer),
            _ => {
                return Err(Error::new(
                    ErrorKind::Unexpected,
                    "the provider answered a batch twice or out of range; none of its answers is taken",
                )
                .with("place", place)
                .with("questions", len));
            }
        }
    }
    Ok(places.into_iter().enumerate().map(|(n, slot)| slot.unwrap_or_else(|| missing(n))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_in_the_order_of_the_questions() {
        assert_eq!(in_order(3, [(2, 'c'), (0, 'a')], |_| '?').unwrap(), ['a', '?', 'c']);
    }

    #[test]
    fn an_answer_to_no_question_and_a_second_answer_are_refused() {
        assert!(in_order(1, [(1, 'x')], |_| '?').is_err());
        assert!(in_order(1, [(0, 'x'), (0, 'y')], |_| '?').is_err());
    }
}
