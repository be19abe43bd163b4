//! What is asked and what is answered: request, approval, submission, quorum, minutes.
