//! Leases: one worker per component, and one that lost it writes nothing.

use super::{Verdict, case, component, everything, open};
use crate::state::{
    Case, Place, rows,
    verdict::{check, refused, same},
};
use pimkit_core::{ComponentId, Lease, State};

pub(super) const CASES: &[Case] = &[
    case!(a_second_run_is_told_that_the_component_is_held),
    case!(the_component_is_free_when_the_last_clone_of_its_lease_is_dropped),
    case!(components_do_not_hold_one_another),
    case!(tokens_grow_with_every_acquisition_and_over_processes),
    case!(a_worker_that_lost_its_lease_writes_nothing),
    case!(a_lease_that_was_never_given_is_refused),
    case!(reading_needs_no_lease),
];

async fn a_second_run_is_told_that_the_component_is_held(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let error = refused!(store.state.acquire(&component()).await, LeaseLost, "a second acquisition");
    check!(error.to_string().contains("component component"), "the refusal does not name the component: {error}");
    check!(error.is_temporary(), "the refusal is not temporary: {error}");
    // The refusal took nothing from the first.
    store.commit(rows::one_of_each()).await?;
    Ok(())
}

async fn the_component_is_free_when_the_last_clone_of_its_lease_is_dropped(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let clone = store.lease.clone();
    drop(store.lease);
    refused!(store.state.acquire(&component()).await, LeaseLost, "an acquisition while a clone of the lease lives");
    store.state.commit(&clone, rows::one_of_each()).await?;
    drop(clone);
    for round in 0..3 {
        let lease = store.state.acquire(&component()).await?;
        store.state.commit(&lease, rows::one_of_each()).await.map_err(|e| e.with("round", round))?;
    }
    Ok(())
}

async fn components_do_not_hold_one_another(place: &mut dyn Place) -> Verdict {
    let state = place.open().await?;
    let mut held = Vec::new();
    for id in rows::ODD {
        let component = ComponentId::from(*id);
        let lease = state.acquire(&component).await.map_err(|e| e.with("component", format!("{id:?}")))?;
        same!(lease.component, component, "the component of the lease");
        held.push(lease);
    }
    for lease in &held {
        refused!(state.acquire(&lease.component).await, LeaseLost, "a second acquisition of {:?}", lease.component);
        state.commit(lease, rows::one_of_each()).await?;
    }
    Ok(())
}

async fn tokens_grow_with_every_acquisition_and_over_processes(place: &mut dyn Place) -> Verdict {
    let mut last = 0;
    for process in 0..3 {
        let state = place.open().await?;
        for _ in 0..3 {
            let lease = state.acquire(&component()).await?;
            check!(lease.token > last, "process {process}: token {} after token {last}", lease.token);
            last = lease.token;
        }
    }
    Ok(())
}

async fn a_worker_that_lost_its_lease_writes_nothing(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let zombie = Lease::new(component(), store.lease.token, ());
    // It has the newest token still.
    store.state.commit(&zombie, Vec::new()).await?;
    drop(store.lease);
    let newer = store.state.acquire(&component()).await?;
    let empty = everything(&*store.state).await?;
    for changes in [Vec::new(), rows::one_of_each()] {
        let error = refused!(store.state.commit(&zombie, changes).await, LeaseLost, "a commit under a lease that was lost");
        check!(error.to_string().contains("component component"), "the refusal does not name the component: {error}");
    }
    same!(everything(&*store.state).await?, empty, "the store after a lost worker tried to write");
    store.state.commit(&newer, rows::one_of_each()).await?;
    let written = everything(&*store.state).await?;
    drop((newer, store.state));
    let next = open(place).await?;
    refused!(
        next.state.commit(&zombie, vec![pimkit_core::StateChange::DropLink("l1".into())]).await,
        LeaseLost,
        "one of an earlier process"
    );
    same!(everything(&*next.state).await?, written, "the store after a worker of an earlier process tried to write");
    Ok(())
}

async fn a_lease_that_was_never_given_is_refused(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let empty = everything(&*store.state).await?;
    for (what, component, token) in [
        ("a component that nobody took", ComponentId::from("other"), store.lease.token),
        ("token 0 of a component that nobody took", ComponentId::from("other"), 0),
        ("a token of the future", component(), store.lease.token + 1),
        ("the greatest token", component(), u64::MAX),
        ("token 0", component(), 0),
    ] {
        let lease = Lease::new(component, token, ());
        refused!(store.state.commit(&lease, rows::one_of_each()).await, LeaseLost, "{what}");
        same!(everything(&*store.state).await?, empty, "the store after {what} tried to write");
    }
    Ok(())
}

async fn reading_needs_no_lease(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(rows::one_of_each()).await?;
    let held = everything(&*store.state).await?;
    let state: std::sync::Arc<dyn State> = store.state;
    drop(store.lease);
    same!(everything(&*state).await?, held, "what is read when nobody holds the component");
    Ok(())
}
