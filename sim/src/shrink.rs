//! The shortest play that still fails: moves, acts and faults are left out while the failure stays.

use crate::{
    play::{Move, Play},
    theatre::{Look, perform_deep},
};

/// What kind of failure it is: its words without numbers, so that a shorter play fails in the same way.
fn kind(failure: &str) -> String {
    failure.chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
}

fn fails_alike(play: &Play, alike: &str) -> bool {
    perform_deep(play, Look::default()).failures.iter().any(|f| kind(f) == alike)
}

/// The shortest play found that fails as this one does; nothing when it does not fail.
#[must_use]
pub fn shrink(play: &Play) -> Option<Play> {
    let first = perform_deep(play, Look::default()).failures.into_iter().next()?;
    let alike = kind(&first);
    let mut best = play.clone();
    loop {
        let before = best.clone();
        let mut size = (best.moves.len() / 2).max(1);
        loop {
            let mut at = 0;
            while at < best.moves.len() {
                let mut shorter = best.clone();
                let end = (at + size).min(shorter.moves.len());
                shorter.moves.drain(at..end);
                if fails_alike(&shorter, &alike) {
                    best = shorter;
                } else {
                    at += size;
                }
            }
            if size == 1 {
                break;
            }
            size /= 2;
        }
        best = simpler(best, &alike);
        if best == before {
            return Some(best);
        }
    }
}

/// Every play that is this one with one thing taken out.
fn without_one(play: &Play) -> Vec<Play> {
    let mut plays = Vec::new();
    let mut push = |change: &dyn Fn(&mut Play)| {
        let mut other = play.clone();
        change(&mut other);
        if other != *play {
            plays.push(other);
        }
    };
    for (far, plan) in play.fars.iter().enumerate() {
        // Which server it is, is no trait of its own.
        for n in (0..plan.switches.len()).filter(|n| {
            plan.switches.get(*n).is_some_and(|s| ![crate::dav::SWITCH, crate::graph::SWITCH].iter().any(|server| s.starts_with(server)))
        }) {
            push(&|p| {
                if let Some(f) = p.fars.get_mut(far) {
                    f.switches.remove(n);
                }
            });
        }
    }
    for key in play.policy.keys() {
        push(&|p| {
            p.policy.remove(key);
        });
    }
    for key in play.settings.keys() {
        push(&|p| {
            p.settings.remove(key);
        });
    }
    push(&|p| p.props.ends = false);
    push(&|p| p.sqlite = false);
    push(&|p| p.page_size = 100);
    for (n, step) in play.moves.iter().enumerate() {
        match step {
            Move::Run(run) => {
                let mut with = |change: &dyn Fn(&mut crate::RunPlan)| {
                    push(&|p| {
                        if let Some(Move::Run(run)) = p.moves.get_mut(n) {
                            change(run);
                        }
                    });
                };
                with(&|run| run.stop = None);
                with(&|run| run.commit = None);
                with(&|run| run.taken = None);
                for fault in 0..run.faults.len() {
                    with(&|run| {
                        run.faults.remove(fault);
                    });
                }
                for act in 0..run.acts.len() {
                    with(&|run| {
                        run.acts.remove(act);
                    });
                }
            }
            Move::Act(crate::Act::Make { slots, .. }) => {
                for slot in 0..slots.len() {
                    push(&|p| {
                        if let Some(Move::Act(crate::Act::Make { slots, .. })) = p.moves.get_mut(n) {
                            slots.remove(slot);
                        }
                    });
                }
            }
            _ => {}
        }
    }
    plays
}

fn simpler(mut best: Play, alike: &str) -> Play {
    while let Some(shorter) = without_one(&best).into_iter().find(|play| fails_alike(play, alike)) {
        best = shorter;
    }
    best
}
