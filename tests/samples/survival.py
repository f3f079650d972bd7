"""A command for every loss of the family `survival`, and the number that another tool gives."""

from samples.files import table
from samples.sample import Live, Sample


def survival():
    frame = table("heart_survival.csv") * 1.0
    return {name: frame[name].to_numpy() for name in ("log_risk", "log_time", "time", "event")}


COX = (
    "statsmodels.duration.hazard_regression.PHReg(time, log_risk[:, None], status=event, "
    "ties='efron').loglike(event[:1] ** 0) / -event.sum()"
)


AFT = (
    "-scipy.stats.lognorm.logpdf(time, 2.5, scale=scipy.special.expm1(log_time) + 1)[event == 1]"
    ".sum() / 69 - scipy.stats.lognorm.logsf(time, 2.5, scale=scipy.special.expm1(log_time) + 1)"
    "[event == 0].sum() / 69"
)


SAMPLES = [
    Sample(
        "cox_partial_likelihood sample_data/heart_survival.csv --columns prediction=log_risk,target=time --ties efron",
        3.542242924837766,
        Live("statsmodels", COX, survival),
    ),
    Sample(
        "aft_nll sample_data/heart_survival.csv --columns prediction=log_time,target=time --scale 2.5",
        4.546357174889678,
        Live("scipy", AFT, survival),
    ),
]
